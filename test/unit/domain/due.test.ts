import type { Entry, Waiting } from '@fermata/lambda-runtime/protocol'
import {
  dueSleeps,
  isRunnable,
  nextOwnTime,
  ownTimes,
} from '@fermata/orchestrator/domain/invocation/due'
import { effectsOf, uncarried } from '@fermata/orchestrator/domain/invocation/effects'
import { decideRetry, resolveRetry } from '@fermata/orchestrator/domain/retry'
import { describe, expect, it } from 'vitest'
import {
  attempt,
  created,
  fold,
  handler,
  journal,
  otherId,
  retry,
  suspendedOn,
} from './journals.ts'

const failure = { code: 'oops', message: 'no luck' }
const done = { kind: 'value', value: { json: 'done' } } as const

const waitingFor = (waitingOn: Waiting) =>
  fold(
    journal(
      [{}, created, attempt(1)],
      [
        handler(1),
        { kind: 'sleep', op: 0, wakeAt: 50 },
        { kind: 'sleep', op: 1, wakeAt: 90 },
        suspendedOn(waitingOn),
      ],
    ),
  )

describe('times', () => {
  const both = waitingFor({
    kind: 'all',
    of: [
      { kind: 'op', op: 0 },
      { kind: 'op', op: 1 },
    ],
  })

  it('finds the sleeps that are due and the next time of its own', () => {
    expect(dueSleeps(both, 49)).toEqual([])
    expect(dueSleeps(both, 50)).toEqual([0])
    expect(nextOwnTime(both, 50)).toBe(90)
    expect(nextOwnTime(both, 90)).toBeUndefined()
  })

  it('knows by the tree whether the handler can move', () => {
    expect(isRunnable(both, 50)).toBe(false)
    expect(isRunnable(both, 90)).toBe(true)
    const either = waitingFor({
      kind: 'race',
      of: [
        { kind: 'op', op: 0 },
        { kind: 'op', op: 7 },
      ],
    })
    expect(isRunnable(either, 50)).toBe(true)
    const timer = waitingFor({ kind: 'timer', at: 70 })
    expect([isRunnable(timer, 69), isRunnable(timer, 70)]).toEqual([false, true])
    expect(ownTimes(timer)).toContain(70)
  })

  it('has no times of its own while it runs, is paused or closed', () => {
    const running = fold(journal([{}, created, attempt(1)]))
    const paused = fold(journal([{}, created, { kind: 'paused', reason: failure }]))
    const closed = fold(journal([{}, created, { kind: 'output', result: done }]))
    for (const state of [running, paused, closed]) {
      expect(ownTimes(state)).toEqual([])
      expect(isRunnable(state, 1e9)).toBe(false)
    }
  })

  it('waits for the start of a delayed one and for the next try of a failed one', () => {
    expect(ownTimes(fold(journal([{}, { ...created, notBefore: 5 }])))).toEqual([5])
    expect(ownTimes(fold(journal([{}, created])))).toEqual([0])
    const failed = journal(
      [{}, created, attempt(1)],
      [{}, { kind: 'attempt-failed', failure, retryAt: 8 }],
    )
    expect(ownTimes(fold(failed))).toEqual([8])
    expect([isRunnable(fold(failed), 7), isRunnable(fold(failed), 8)]).toEqual([false, true])
  })
})

describe('effects', () => {
  const target = { service: 'mail', handler: 'send' }
  const call = { kind: 'call', op: 0, target, input: { json: 1 } } as const
  const send = { kind: 'send', op: 1, target, input: { json: 1 } } as const
  const complete = { kind: 'awakeable-complete', op: 2, awakeable: 'a', result: done } as const

  it('come with those that cannot wake the invocation first', () => {
    const [segment] = journal([handler(1), call, complete, send, { kind: 'awakeable', op: 3 }])
    expect(
      segment &&
        effectsOf(segment).map((effect) => (effect.kind === 'create' ? effect.how : effect.kind)),
    ).toEqual(['send', 'call', 'complete-awakeable'])
  })

  it('reach signals, promises and other invocations', () => {
    const promise = { workflow: 'signup', key: 'ada', name: 'verified' }
    const entries = [
      { kind: 'attach', op: 0, invocation: otherId },
      { kind: 'promise-get', op: 1, promise },
      { kind: 'promise-peek', op: 2, promise },
      { kind: 'promise-complete', op: 3, promise, result: done },
      { kind: 'signal-send', op: 4, invocation: otherId, name: 'go', value: { json: 1 } },
      { kind: 'cancel-invocation', op: 5, invocation: otherId },
    ] as const
    const [attach, get, peek, complete, signal] = entries
    const [segment] = journal([handler(1), ...entries])
    expect(segment && effectsOf(segment)).toEqual([
      { kind: 'signal', entry: signal },
      { kind: 'cancel', invocation: otherId },
      { kind: 'attach', entry: attach },
      { kind: 'promise', entry: get },
      { kind: 'promise', entry: peek },
      { kind: 'promise', entry: complete },
    ])
  })

  it('end what was called before a cancellation, and whatever a killed one called, after the calls', () => {
    const cancelled: Entry = { kind: 'cancelled', upTo: 1, spared: [], at: 1, after: 1 }
    const effects = (entry: Entry) => journal([handler(1), call, entry]).flatMap(effectsOf)
    const create = { kind: 'create', how: 'call', entry: call }
    expect(effects(cancelled)).toEqual([create, { kind: 'end-children', how: 'cancel', before: 1 }])
    const all = Number.POSITIVE_INFINITY
    const kill = { kind: 'end-children', how: 'kill', before: all }
    expect(effects({ kind: 'killed' })).toEqual([create, kill])
  })

  it('remain for the segments after the watermark (trace 8)', () => {
    const segments = journal(
      [{}, created],
      [handler(1), send],
      [handler(1), { kind: 'alive' }],
      [handler(1), call],
    )
    expect(uncarried(segments, -1, new Set()).map(({ n }) => n)).toEqual([1, 3])
    expect(uncarried(segments, 1, new Set()).map(({ n }) => n)).toEqual([3])
  })

  it('of an attempt that may not write are none (trace 18)', () => {
    const segments = journal(
      [{}, created, attempt(1)],
      [handler(1), send],
      [{}, { kind: 'attempt-failed', failure: { code: 'x', message: 'x' }, retryAt: 9 }],
      [handler(1), call],
      [{}, attempt(2)],
      [handler(2, 'first'), { kind: 'alive' }],
      [handler(2, 'twin'), call],
    )
    const { refused } = fold(segments)
    expect(refused).toEqual(new Set([3, 6]))
    expect(uncarried(segments, -1, refused).map(({ n }) => n)).toEqual([1])
  })
})

describe('a retry policy', () => {
  it('waits longer each time, up to its limit, less what chance takes away', () => {
    const delays = [1, 2].map((failures) => decideRetry(retry, failures, 0, 0))
    expect(delays).toEqual([
      { kind: 'retry', delayMs: 100 },
      { kind: 'retry', delayMs: 200 },
    ])
    const patient = { ...retry, maxAttempts: 99 }
    expect(decideRetry(patient, 9, 0, 0)).toEqual({ kind: 'retry', delayMs: 1_000 })
    expect(decideRetry({ ...patient, jitter: 0.5 }, 9, 0, 0.5)).toEqual({
      kind: 'retry',
      delayMs: 750,
    })
  })

  it('is exhausted by attempts or by time', () => {
    expect(decideRetry(retry, 3, 0, 0)).toEqual({ kind: 'exhausted' })
    expect(decideRetry({ ...retry, maxDurationMs: 99 }, 1, 0, 0)).toEqual({ kind: 'exhausted' })
  })

  it('is filled up by layers, the first of which wins', () => {
    const resolved = resolveRetry([{ factor: 3 }, { factor: 4, jitter: 0.1 }], retry)
    expect(resolved).toEqual({ ...retry, factor: 3, jitter: 0.1 })
  })
})
