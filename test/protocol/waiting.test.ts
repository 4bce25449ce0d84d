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
    ['all settled, with failures', true, { kind: 'allSettled', of: [F, V] }],
    ['all settled, but one', false, { kind: 'allSettled', of: [F, P] }],
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

  it('and stays there when more becomes known', () => {
    const tree: fc.Arbitrary<Waiting> = fc.letrec<{ node: Waiting }>((tie) => ({
      node: fc.oneof(
        { depthSize: 'medium' },
        fc.record({ kind: fc.constant('op' as const), op: fc.nat(9) }),
        fc.record({
          kind: fc.constantFrom(
            'all' as const,
            'any' as const,
            'race' as const,
            'allSettled' as const,
          ),
          of: fc.array(tie('node'), { maxLength: 4 }),
        }),
      ),
    })).node
    const known = fc.array(fc.constantFrom<OpStatus>('pending', 'value', 'failure'), {
      minLength: 10,
      maxLength: 10,
    })
    fc.assert(
      fc.property(tree, known, fc.nat(9), fc.boolean(), (waiting, before, op, ok) => {
        const after = before.map((status, at) =>
          at === op && status === 'pending' ? (ok ? 'value' : 'failure') : status,
        )
        const at = (list: readonly OpStatus[]) => (index: number) => list[index] ?? 'pending'
        const earlier = isSatisfied(waiting, at(before), 0)
        expect(!earlier || isSatisfied(waiting, at(after), 0)).toBe(true)
      }),
    )
  })
})
