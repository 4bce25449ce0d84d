import * as v from 'valibot'
import type { End, InvocationFacts } from './orchestrators/journals.ts'
import { expectedEffects, expectedOutcome, type Outcome } from './orders.ts'
import type { Effect } from './outside-world/ledger.ts'
import type { OrderHistory, Run } from './run.ts'
import { plural } from './terminal/style.ts'

/** What is not as it must be, as sentences; empty when all is well. */
export function findProblems(run: Run): readonly string[] {
  return [
    ...missingOrders(run),
    ...run.histories.flatMap((history) => [
      ...wrongOutcome(history),
      ...openInvocations(history),
      ...wrongEffects(history, run.effects),
    ]),
    ...strayEffects(run),
    ...missingKills(run),
    ...(run.lag === 0 ? [] : [`${plural(run.lag, 'record')} not committed`]),
    ...(run.deadRecords === 0 ? [] : [`${plural(run.deadRecords, 'record')} put aside as dead`]),
  ]
}

/** How the order ended, by what its invocation answered. */
export function outcomeOf(history: OrderHistory): Outcome | undefined {
  const root = history.invocations[0]
  return root === undefined ? undefined : outcomeOfEnd(root.end)
}

const receiptSchema = v.variant('status', [
  v.object({ status: v.literal('confirmed') }),
  v.object({ status: v.literal('cancelled'), reason: v.string() }),
])

function outcomeOfEnd(end: End): Outcome | undefined {
  if (end.kind === 'open') return undefined
  if (end.kind === 'failed') return end.message.includes('declined') ? 'card refused' : undefined
  const receipt = v.safeParse(receiptSchema, end.value)
  if (!receipt.success) return undefined
  if (receipt.output.status === 'confirmed') return 'confirmed'
  return receipt.output.reason === 'out of stock' ? 'out of stock' : 'declined'
}

function missingOrders({ orders, histories }: Run): readonly string[] {
  const missing = orders.length - histories.length
  return missing === 0 ? [] : [`${plural(missing, 'order')} not produced`]
}

function wrongOutcome(history: OrderHistory): readonly string[] {
  const expected = expectedOutcome(history.order)
  const outcome = outcomeOf(history)
  if (outcome === expected) return []
  return [`${history.order.id} should be ${expected} and is ${describe(history.invocations[0])}`]
}

function describe(facts: InvocationFacts | undefined): string {
  if (facts === undefined) return 'unknown'
  const { end } = facts
  switch (end.kind) {
    case 'open':
      return end.phase
    case 'failed':
      return `failed: ${end.message}`
    case 'completed':
      return `completed with ${JSON.stringify(end.value)}`
    default:
      return end satisfies never
  }
}

function openInvocations({ order, invocations }: OrderHistory): readonly string[] {
  return invocations.flatMap(({ id, end }) =>
    end.kind === 'open' ? [`${order.id}: invocation ${id} is still ${end.phase}`] : [],
  )
}

/** Exactly one idempotency key for each effect that the order must have, and none besides. */
function wrongEffects({ order }: OrderHistory, effects: readonly Effect[]): readonly string[] {
  const expected = new Set(expectedEffects(order))
  const own = effects.filter((effect) => effect.order === order.id)
  const kinds = new Set([...expected, ...own.map(({ kind }) => kind)])
  return [...kinds].flatMap((kind) => {
    const seen = own.filter((effect) => effect.kind === kind).length
    const wanted = expected.has(kind) ? 1 : 0
    return seen === wanted ? [] : [`${order.id}: ${kind} was seen ${seen} times, not ${wanted}`]
  })
}

function strayEffects({ orders, effects }: Run): readonly string[] {
  const known = new Set(orders.map(({ id }) => id))
  return effects.flatMap(({ kind, order }) =>
    known.has(order) ? [] : [`${kind} for an order that does not exist: ${order}`],
  )
}

function missingKills({ kills }: Run): readonly string[] {
  return (['function', 'orchestrator'] as const)
    .filter((victim) => !kills.some((kill) => kill.victim === victim))
    .map((victim) => `no ${victim} was killed: all was over before`)
}
