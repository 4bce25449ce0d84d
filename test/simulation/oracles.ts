import { childIdFor, type InvocationId, type Segment } from '@fermata/lambda-runtime/protocol'
import { evolveAll } from '@fermata/orchestrator/domain/invocation/evolve'
import type { InvocationState } from '@fermata/orchestrator/domain/invocation/state'
import type { Scenario } from './scenario.ts'
import type { Universe } from './universe.ts'

/**
 * What must never be, whatever happened. Empty: all is well. Where each invariant is looked at:
 *
 * | INV | where |
 * |---|---|
 * | 1, 2, 12 | `watch.ts`, at every append; at the end, here |
 * | 3, 4 | `stories/weaves.ts`: what was told is a beginning of what the handler had in hand at its end |
 * | 5 | here: each call and send has its invocation, and each of those its command; each effect outside by its key |
 * | 6, 7 | `watch.ts`, at every attempt and head; `stories/tills.ts`, `stories/ledgers.ts`: against a sequential model |
 * | 8 | `watch.ts`, at every commit |
 * | 9 | `stories/ledgers.ts` |
 * | 10 | here: all comes to its end, even when all replicas have died |
 * | 11 | only as far as nothing may wait for ever |
 */
export async function violationsOf(
  universe: Universe,
  { stories }: Scenario,
): Promise<readonly string[]> {
  const states = new Map(
    [...universe.stored].map(([id, segments]) => [id, evolveAll(segments)] as const),
  )
  const own = await Promise.all(stories.map(async (story) => story.violations(universe)))
  return [
    ...universe.violations,
    ...universe.outside.mistakes.map((mistake) => `one key, two things: ${mistake}`),
    ...[...universe.stored].flatMap(([id, segments]) =>
      journalViolations(id, segments, states.get(id)),
    ),
    ...[...universe.stored].flatMap(([id, segments]) => childViolations(id, segments, states)),
    ...own.flat(),
  ]
}

/** INV-2, INV-12, and that all comes to an end. */
function journalViolations(
  id: InvocationId,
  segments: readonly Segment[],
  state: InvocationState | undefined,
): readonly string[] {
  if (state === undefined) return [`INV-10: ${id} has a journal, but was never created`]
  const found: string[] = []
  if (state.phase.kind !== 'closed') {
    found.push(`INV-10: ${id} has not come to an end: it is ${JSON.stringify(state.phase)}`)
  }
  const ends = segments
    .filter(({ n }) => !state.refused.has(n))
    .flatMap(({ entries }) => entries)
    .filter(({ kind }) => kind === 'output')
  if (ends.length > 1) found.push(`INV-12: ${id} ended ${ends.length} times`)
  for (const n of state.refused)
    found.push(`INV-2: segment ${n} of ${id} should not have been written`)
  return found
}

/** Whether what was asked for is still on its way: it was written, and is yet to be carried out. */
export function isUnderWay({ stored }: Universe): boolean {
  const states = new Map([...stored].map(([id, segments]) => [id, evolveAll(segments)] as const))
  return [...stored].some(([id, segments]) => childViolations(id, segments, states).length > 0)
}

/** INV-5: what a handler called or sent exists, once; and nothing else does. */
function childViolations(
  id: InvocationId,
  segments: readonly Segment[],
  states: ReadonlyMap<InvocationId, InvocationState | undefined>,
): readonly string[] {
  const state = states.get(id)
  if (state === undefined) return []
  const found: string[] = []
  for (const entry of segments.flatMap(({ entries }) => entries)) {
    if (entry.kind !== 'call' && entry.kind !== 'send') continue
    if (entry.kind === 'send' && entry.collect !== undefined) continue
    const { op, target, idempotencyKey } = entry
    const child = childIdFor(target, { parent: id, op, idempotencyKey })
    if (!states.has(child)) found.push(`INV-5: what ${id} asked for with op ${op} does not exist`)
  }
  const { origin } = state.created
  if (origin.kind === 'call' || origin.kind === 'send') {
    if (!states.has(origin.invocation as InvocationId)) {
      found.push(`INV-5: ${id} was asked for by nobody`)
    }
  }
  return found
}
