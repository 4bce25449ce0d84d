import type { Segment } from '@fermata/lambda-runtime/protocol'
import { nextLooks } from '@fermata/orchestrator/engine/invocations/next-look'
import { expect, it } from 'vitest'
import { attempt, created, fold, handler, journal, suspendedOn } from '../domain/journals.ts'

type Arguments = Parameters<typeof nextLooks>

function lookAt(now: number, segments: readonly Segment[]): ReturnType<typeof nextLooks> {
  const deps = { clock: { now: () => now } } as unknown as Arguments[0]
  const session = { expires: 100_000 } as unknown as Arguments[1]
  return nextLooks(deps, session, fold(segments))
}

const failure = { code: 'oops', message: 'no luck' }
const failed = journal(
  [{}, created, attempt(1)],
  [{}, { kind: 'attempt-failed', failure, retryAt: 500 }],
)
const asleep = journal(
  [{}, created, attempt(1)],
  [handler(1), { kind: 'sleep', op: 0, wakeAt: 500 }, suspendedOn({ kind: 'op', op: 0 })],
)

it.each([
  ['a retry', failed, 'retry'],
  ['a sleep', asleep, 'timer'],
] as const)(
  'looks for %s at its time, and at once when that has just passed',
  (_what, segments, kind) => {
    expect(lookAt(499, segments)).toEqual([{ kind, dueAt: 500 }])
    expect(lookAt(500, segments)).toEqual([{ kind, dueAt: 500 }])
    expect(lookAt(507, segments)).toEqual([{ kind, dueAt: 507 }])
  },
)

it('looks at what has no time of its own at half its retention', () => {
  const waiting = journal(
    [{}, created, attempt(1)],
    [handler(1), { kind: 'awakeable', op: 0 }, suspendedOn({ kind: 'op', op: 0 })],
  )
  expect(lookAt(500, waiting)).toEqual([{ kind: 'retain', dueAt: 99_500 }])
})

it('has an entry for each where its own time comes after half its retention', () => {
  const longAsleep = journal(
    [{}, created, attempt(1)],
    [handler(1), { kind: 'sleep', op: 0, wakeAt: 150_000 }, suspendedOn({ kind: 'op', op: 0 })],
  )
  expect(lookAt(500, longAsleep)).toEqual([
    { kind: 'timer', dueAt: 150_000 },
    { kind: 'retain', dueAt: 99_500 },
  ])
})
