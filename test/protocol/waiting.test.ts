import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  isSatisfied,
  type OpStatus,
  type Waiting,
} from '../../lambda-runtime/src/protocol/index.ts'

const [pending, value, failure]: Waiting[] = [0, 1, 2].map((op) => ({ kind: 'op', op }))
const statuses: readonly OpStatus[] = ['pending', 'value', 'failure']
const statusOf = (op: number): OpStatus => statuses[op % 3] ?? 'pending'
const P = pending as Waiting
const V = value as Waiting
const F = failure as Waiting

const satisfied = (waiting: Waiting, now = 0): boolean => isSatisfied(waiting, statusOf, now)

describe('what a handler waits for is there', () => {
  it.each<[string, boolean, Waiting]>([
    ['an op without outcome', false, P],
    ['an op with a value', true, V],
    ['an op that failed', true, F],
    ['all, of which one is missing', false, { kind: 'all', of: [V, P] }],
    ['all, that are there', true, { kind: 'all', of: [V, V] }],
    ['all, of which one failed, though others are missing', true, { kind: 'all', of: [P, F] }],
    ['all of nothing', true, { kind: 'all', of: [] }],
    ['any, of which one is there', true, { kind: 'any', of: [P, V] }],
    ['any, of which one failed and one is missing', false, { kind: 'any', of: [F, P] }],
    ['any, that all failed', true, { kind: 'any', of: [F, F] }],
    ['any of nothing', true, { kind: 'any', of: [] }],
    ['a race that nobody has won', false, { kind: 'race', of: [P, P] }],
    ['a race won by a failure', true, { kind: 'race', of: [P, F] }],
    ['a race of nothing', false, { kind: 'race', of: [] }],
    [
      'any, of a race that a value won before a failure came',
      true,
      { kind: 'any', of: [{ kind: 'race', of: [F, V] }, P] },
    ],
    [
      'all, of a race that a failure won, be it a timeout',
      true,
      { kind: 'all', of: [{ kind: 'race', of: [P, V] }, P] },
    ],
    ['all settled, with failures', true, { kind: 'allSettled', of: [F, V] }],
    ['all settled, but one', false, { kind: 'allSettled', of: [F, P] }],
    ['as many failures as are tolerated', false, { kind: 'allSettled', of: [F, P], tolerance: 1 }],
    [
      'more failures than are tolerated',
      true,
      { kind: 'allSettled', of: [F, F, V, P], tolerance: 1 },
    ],
    [
      'more than are tolerated, if the race was lost',
      true,
      { kind: 'allSettled', of: [{ kind: 'race', of: [P, F] }, P], tolerance: 0 },
    ],
    [
      'a tree',
      false,
      { kind: 'all', of: [V, { kind: 'race', of: [P, { kind: 'any', of: [F, P] }] }] },
    ],
  ])('%s: %s', (_, expected, waiting) => {
    expect(satisfied(waiting)).toBe(expected)
  })

  it('when its time has come', () => {
    expect(satisfied({ kind: 'timer', at: 100 }, 99)).toBe(false)
    expect(satisfied({ kind: 'timer', at: 100 }, 100)).toBe(true)
  })

  it('whenever the promises themselves would have an outcome, whatever came first', () => {
    const node = fc.letrec<{ node: Waiting }>((tie) => ({
      node: fc.oneof(
        { depthSize: 'medium' },
        fc.record({ kind: fc.constant('op' as const), op: fc.nat(9) }),
        fc.record({
          kind: fc.constantFrom('all', 'any', 'race', 'allSettled'),
          of: fc.array(tie('node'), { maxLength: 4 }),
        }),
      ),
    })).node
    const arrivals = fc.uniqueArray(fc.tuple(fc.nat(9), fc.constantFrom('value', 'failure')), {
      selector: ([op]) => op,
    })
    fc.assert(
      fc.property(node, arrivals, fc.boolean(), (waiting, news, timesOut) => {
        const known = new Map<number, OpStatus>()
        const knownOf = (op: number): OpStatus => known.get(op) ?? 'pending'
        const live = new LiveNode(waiting, knownOf, timesOut)
        for (const [op, status] of [...news, [-1, 'value'] as const]) {
          const isSettled = live.update() !== 'pending'
          expect(!isSettled || isSatisfied(waiting, knownOf, 0)).toBe(true)
          known.set(op, status)
        }
      }),
      { numRuns: 1_000 },
    )
  })
})

/** A promise as it is in a handler: it keeps its first outcome. A race that times out fails. */
class LiveNode {
  #outcome: OpStatus = 'pending'
  readonly #of: readonly LiveNode[]
  readonly #decide: (of: readonly OpStatus[]) => OpStatus

  constructor(waiting: Waiting, statusOf: (op: number) => OpStatus, timesOut: boolean) {
    this.#of = 'of' in waiting ? waiting.of.map((one) => new LiveNode(one, statusOf, timesOut)) : []
    this.#decide = (of) => {
      if (waiting.kind === 'op') return statusOf(waiting.op)
      if (waiting.kind === 'timer') return 'value'
      const outcome = outcomes[waiting.kind](of)
      return waiting.kind === 'race' && timesOut && outcome === 'value' ? 'failure' : outcome
    }
  }

  update(): OpStatus {
    const of = this.#of.map((one) => one.update())
    if (this.#outcome === 'pending') this.#outcome = this.#decide(of)
    return this.#outcome
  }
}

const isComplete = (of: readonly OpStatus[]): boolean => !of.includes('pending')
const outcomes: Record<Exclude<Waiting['kind'], 'op' | 'timer'>, typeof statusOfAll> = {
  all: statusOfAll,
  any: (of) => (of.includes('value') ? 'value' : isComplete(of) ? 'failure' : 'pending'),
  race: (of) => of.find((status) => status !== 'pending') ?? 'pending',
  allSettled: (of) => (isComplete(of) ? 'value' : 'pending'),
}

function statusOfAll(of: readonly OpStatus[]): OpStatus {
  if (of.includes('failure')) return 'failure'
  return isComplete(of) ? 'value' : 'pending'
}
