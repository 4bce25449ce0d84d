import type { Entry, InvocationId, Segment } from '@fermata/lambda-runtime/protocol'
import { describe, expect, test } from 'vitest'
import { findProblems } from '../../demo/checks.ts'
import { factsOf } from '../../demo/orchestrators/journals.ts'
import { expectedEffects, expectedOutcome, readOrders } from '../../demo/orders.ts'
import type { Effect } from '../../demo/outside-world/ledger.ts'
import type { Run } from '../../demo/run.ts'
import { renderTable } from '../../demo/terminal/table.ts'
import type { Order } from '../../examples/orders/order.ts'

const id = 'checkout.00000000000000000000000001' as InvocationId

describe('what the demo reads from a journal', () => {
  test('counts suspensions, and the attempts that resume them', () => {
    const facts = factsOf(id, [
      segment(attempt(1)),
      segment({ kind: 'suspended', waitingOn: { kind: 'op', op: 0 } }),
      segment(attempt(2)),
      segment({ kind: 'suspended', waitingOn: { kind: 'op', op: 1 } }),
      segment(attempt(3)),
      segment(output('confirmed')),
    ])

    expect(facts).toMatchObject({ attempts: 3, suspensions: 2, resumes: 2, takeovers: [] })
    expect(facts.end).toEqual({ kind: 'completed', value: { status: 'confirmed' } })
  })

  test('tells an attempt that was taken over from one that failed', () => {
    const failure = { code: 'function-failed', message: 'killed' }
    const facts = factsOf(id, [
      segment(attempt(1)),
      segment(attempt(2)),
      segment({ kind: 'attempt-failed', failure, retryAt: 1 }),
      segment(attempt(3)),
    ])

    expect(facts).toMatchObject({ takeovers: [{ at: 1_000 }], failedAttempts: 1, resumes: 0 })
    expect(facts.end).toEqual({ kind: 'open', phase: 'running' })
  })
})

describe('the demo checks', () => {
  test('that all is well when each side effect was seen once', async () => {
    expect(findProblems(await perfectRun())).toEqual([])
  })

  test('that no side effect was seen twice', async () => {
    const run = await perfectRun()
    const [first] = run.effects
    if (first === undefined) throw new Error('no effects')
    const twice = {
      ...run,
      effects: [...run.effects, { ...first, key: 'another invocation/charge' }],
    }

    expect(findProblems(twice)).toEqual([`${first.order}: charge was seen 2 times, not 1`])
  })

  test('that no side effect is missing', async () => {
    const run = await perfectRun()
    const [first, ...others] = run.effects

    expect(findProblems({ ...run, effects: others })).toEqual([
      `${first?.order}: charge was seen 0 times, not 1`,
    ])
  })

  test('that every order was produced, and every invocation has ended as it must', async () => {
    const run = await perfectRun()
    const [first, , ...others] = run.histories
    if (first === undefined) throw new Error('no orders')
    const open = { ...first, invocations: [factsOf(id, [segment(attempt(1))])] }

    expect(findProblems({ ...run, histories: [open, ...others] })).toEqual([
      '1 order not produced',
      `${first.order.id} should be confirmed and is running`,
      `${first.order.id}: invocation ${id} is still running`,
    ])
  })

  test('that the topic is drained, nothing is dead, and both kills took place', async () => {
    const run = await perfectRun()

    expect(findProblems({ ...run, lag: 3, deadRecords: 1, kills: run.kills.slice(1) })).toEqual([
      'no function was killed: all was over before',
      '3 records not committed',
      '1 record put aside as dead',
    ])
  })
})

describe('the demo data', () => {
  test('has orders of every outcome, each with an id of its own', async () => {
    const orders = await readOrders()

    expect(new Set(orders.map(({ id }) => id)).size).toBe(orders.length)
    expect(new Set(orders.map(expectedOutcome))).toEqual(
      new Set(['confirmed', 'declined', 'out of stock', 'card refused']),
    )
  })
})

describe('a table', () => {
  test('has columns as wide as their widest cell, colours not counted', () => {
    const lines = renderTable({
      title: 'T',
      columns: [
        { name: 'name', align: 'left' },
        { name: 'n', align: 'right' },
      ],
      rows: [
        ['\x1b[1mcharge\x1b[22m', '7'],
        ['x', '12'],
      ],
    })

    expect(lines.slice(3)).toEqual(['  \x1b[1mcharge\x1b[22m    7', '  x        12'])
  })
})

/** A run of all orders in which nothing went wrong. */
async function perfectRun(): Promise<Run> {
  const orders = await readOrders()
  return {
    orders,
    histories: orders.map((order) => ({
      order,
      invocation: id,
      invocations: [factsOf(id, [segment(attempt(1)), segment(endOf(order))])],
    })),
    effects: orders.flatMap(effectsOf),
    outages: 0,
    lostAnswers: 0,
    approvals: 0,
    functions: {},
    kills: [
      { victim: 'function', at: 0, text: '' },
      { victim: 'orchestrator', at: 0, text: '' },
    ],
    lag: 0,
    deadRecords: 0,
    tookMs: 1,
  }
}

function effectsOf(order: Order): readonly Effect[] {
  return expectedEffects(order).map((kind) => ({
    kind,
    order: order.id,
    key: `${order.id}/${kind}`,
    requests: 1,
  }))
}

function endOf(order: Order): Entry {
  const outcome = expectedOutcome(order)
  if (outcome === 'confirmed') return output('confirmed')
  if (outcome !== 'card refused') return output('cancelled', outcome)
  const failure = { code: 'terminal', message: 'the card was declined' }
  return { kind: 'output', result: { kind: 'failure', failure } }
}

function output(status: string, reason?: string): Entry {
  const json = reason === undefined ? { status } : { status, reason }
  return { kind: 'output', result: { kind: 'value', value: { json } } }
}

function attempt(epoch: number): Entry {
  return { kind: 'attempt', epoch, deployment: 'arn', deadline: 1 }
}

function segment(...entries: Entry[]): Segment {
  return {
    protocol: 1,
    n: 0,
    born: 'b',
    epoch: 1,
    by: 'orchestrator',
    writer: 'w',
    at: 1_000,
    entries,
  }
}
