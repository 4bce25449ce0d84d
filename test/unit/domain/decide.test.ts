import type { InvokeReply, ReplyStatus } from '@fermata/lambda-runtime/protocol'
import { decide } from '@fermata/orchestrator/domain/invocation/decide'
import { describe, expect, it } from 'vitest'
import {
  attempt,
  context,
  created,
  decided,
  fold,
  handler,
  invocationId,
  journal,
  leave,
  otherId,
  retry,
  run,
  suspendedOn,
} from './journals.ts'

const failure = { code: 'oops', message: 'no luck' }
const done = { kind: 'value', value: { json: 'done' } } as const
const running = journal([{}, created, attempt(1)])

function reply(status: ReplyStatus, changes: Partial<InvokeReply> = {}): InvokeReply {
  return {
    protocol: 1,
    kind: 'reply',
    invocation: invocationId,
    epoch: 1,
    writer: 'h',
    base: null,
    entries: [],
    status,
    ...changes,
  }
}

const replied = (status: ReplyStatus, changes: Partial<InvokeReply> = {}) =>
  ({ kind: 'reply', reply: reply(status, changes) }) as const

describe('a reply', () => {
  it('that completes the handler is stored with what it had not appended', () => {
    const stimulus = replied({ kind: 'completed', value: { json: 7 } }, { entries: [run(0)] })
    const decision = decide(fold(running), stimulus, context())
    expect(decision).toEqual({
      handler: { writer: 'h' },
      entries: [run(0), { kind: 'output', result: { kind: 'value', value: { json: 7 } } }],
    })
  })

  it('that fails the handler for good becomes its output', () => {
    const entries = decided(running, replied({ kind: 'failed', failure }))
    expect(entries).toEqual([{ kind: 'output', result: { kind: 'failure', failure } }])
  })

  it('that pauses says why', () => {
    const entries = decided(running, replied({ kind: 'paused', failure }))
    expect(entries).toEqual([{ kind: 'paused', reason: failure }])
  })

  it.each(['fenced', 'appended'] as const)('that is %s stores nothing', (kind) => {
    expect(decided(running, replied({ kind }))).toEqual([])
  })

  it('that suspends stores what it waits for', () => {
    const waitingOn = { kind: 'op', op: 0 } as const
    const entries = decided(running, replied({ kind: 'suspended', waitingOn }))
    expect(entries).toEqual([suspendedOn(waitingOn)])
  })

  it('that suspends on what has happened meanwhile goes on in the same segment', () => {
    const meanwhile = journal(
      [{}, created, attempt(1)],
      [{}, { kind: 'completion', op: 0, result: done }],
    )
    const waitingOn = { kind: 'op', op: 0 } as const
    const stimulus = replied(
      { kind: 'suspended', waitingOn },
      { entries: [{ kind: 'awakeable', op: 0 }] },
    )
    const entries = decided(meanwhile, stimulus)
    expect(entries.at(-1)).toEqual({ kind: 'attempt', epoch: 2, ...leave })
  })

  it('that yields goes on at once, and without leave does not', () => {
    const stimulus = replied({ kind: 'suspended', waitingOn: { kind: 'all', of: [] } })
    expect(decided(running, stimulus).map(({ kind }) => kind)).toEqual(['suspended', 'attempt'])
    expect(decided(running, stimulus, { leave: undefined })).toHaveLength(1)
  })

  it('with a base that is not the last handler segment is dropped (INV-2)', () => {
    const longer = journal([{}, created, attempt(1)], [handler(1), run(0)])
    const status = { kind: 'completed', value: { json: 1 } } as const
    expect(decided(longer, replied(status))).toEqual([])
    expect(decided(longer, replied(status, { base: 1 }))).toHaveLength(1)
  })

  it('of a twin is dropped: another writer bound the epoch (trace 9)', () => {
    const bound = journal([{}, created, attempt(1)], [handler(1, 'L1'), run(0)])
    const status = { kind: 'completed', value: { json: 1 } } as const
    expect(decided(bound, replied(status, { writer: 'L2', base: 1 }))).toEqual([])
  })

  it('of an attempt that was fenced is dropped', () => {
    const newer = journal([{}, created, attempt(1)], [{}, attempt(2)])
    expect(decided(newer, replied({ kind: 'failed', failure }))).toEqual([])
  })
})

describe('a failed attempt', () => {
  const over = { kind: 'attempt-over', epoch: 1, failure } as const

  it('is tried again by policy', () => {
    expect(decided(running, over)).toEqual([{ kind: 'attempt-failed', failure, retryAt: 1_100 }])
  })

  it('is paused or failed when the policy is exhausted', () => {
    const once = { ...retry, maxAttempts: 1 }
    expect(decided(running, over, { retry: once })).toEqual([{ kind: 'paused', reason: failure }])
    const last = { ...once, onExhaustion: 'fail' as const }
    expect(decided(running, over, { retry: last })).toEqual([
      { kind: 'output', result: { kind: 'failure', failure } },
    ])
  })

  it('starts the count anew when a step had succeeded', () => {
    const failedTwice = journal(
      [{}, created, attempt(1)],
      [{}, { kind: 'attempt-failed', failure, retryAt: 1 }],
      [{}, attempt(2)],
      [{}, { kind: 'attempt-failed', failure, retryAt: 1 }],
      [{}, attempt(3)],
    )
    const status = { kind: 'retry', failure } as const
    const third = { epoch: 3 }
    expect(decided(failedTwice, replied(status, third))[0]?.kind).toBe('paused')
    const withProgress = replied(status, { ...third, entries: [run(0)] })
    expect(decided(failedTwice, withProgress).at(-1)).toMatchObject({ retryAt: 1_100 })
    const seen = { kind: 'seen', op: 0, upTo: 4, at: 1, after: 1 } as const
    const withNews = replied(status, { ...third, entries: [seen] })
    expect(decided(failedTwice, withNews).at(-1)).toMatchObject({ retryAt: 1_100 })
  })

  it('that is not the current one changes nothing', () => {
    expect(decided(running, { ...over, epoch: 7 })).toEqual([])
  })

  it('that is dead is fenced by the next', () => {
    const dead = { kind: 'attempt-dead', epoch: 1 } as const
    expect(decided(running, dead)).toEqual([{ kind: 'attempt', epoch: 2, ...leave }])
    expect(decided(running, dead, { leave: undefined })).toEqual([])
    expect(decided(running, { ...dead, epoch: 2 })).toEqual([])
  })
})

describe('a wake', () => {
  const asleep = journal(
    [{}, created, attempt(1)],
    [handler(1), { kind: 'sleep', op: 0, wakeAt: 500 }, suspendedOn({ kind: 'op', op: 0 })],
  )

  it('completes the due sleep and starts the next attempt in one segment', () => {
    expect(decided(asleep, { kind: 'wake' })).toEqual([
      { kind: 'completion', op: 0, result: { kind: 'value', value: { void: true } } },
      { kind: 'attempt', epoch: 2, ...leave },
    ])
  })

  it('appends nothing without a permit, or before the time (trace 10)', () => {
    expect(decided(asleep, { kind: 'wake' }, { leave: undefined })).toEqual([])
    expect(decided(asleep, { kind: 'wake' }, { now: 499 })).toEqual([])
  })

  it('starts what is queued, and what is delayed only at its time', () => {
    expect(decided(journal([{}, created]), { kind: 'wake' })).toHaveLength(1)
    const delayed = journal([{}, { ...created, notBefore: 2_000 }])
    expect(decided(delayed, { kind: 'wake' })).toEqual([])
    expect(decided(delayed, { kind: 'wake' }, { now: 2_000 })).toHaveLength(1)
  })

  it('starts a failed attempt anew when its time has come', () => {
    const failed = journal(
      [{}, created, attempt(1)],
      [{}, { kind: 'attempt-failed', failure, retryAt: 1_001 }],
    )
    expect(decided(failed, { kind: 'wake' })).toEqual([])
    expect(decided(failed, { kind: 'wake' }, { now: 1_001 })).toHaveLength(1)
  })

  it('does nothing to what runs, is paused or closed', () => {
    const paused = journal([{}, created, { kind: 'paused', reason: failure }])
    const closed = journal([{}, created, { kind: 'output', result: done }])
    for (const segments of [running, paused, closed]) {
      expect(decided(segments, { kind: 'wake' })).toEqual([])
    }
  })
})

describe('a completion', () => {
  const completion = { kind: 'completion', op: 0, outcome: done } as const
  const waiting = journal(
    [{}, created, attempt(1)],
    [handler(1), { kind: 'awakeable', op: 0 }, suspendedOn({ kind: 'op', op: 0 })],
  )

  it('wakes a handler that waits for it, in the same segment', () => {
    expect(decided(waiting, completion)).toEqual([
      { kind: 'completion', op: 0, result: done },
      { kind: 'attempt', epoch: 2, ...leave },
    ])
  })

  it('is written alone without a permit, while the handler runs, or when more is waited for', () => {
    expect(decided(waiting, completion, { leave: undefined })).toHaveLength(1)
    expect(decided(running, completion)).toHaveLength(1)
    const both = journal(
      [{}, created, attempt(1)],
      [
        handler(1),
        suspendedOn({
          kind: 'all',
          of: [
            { kind: 'op', op: 0 },
            { kind: 'op', op: 1 },
          ],
        }),
      ],
    )
    expect(decided(both, completion)).toHaveLength(1)
  })

  it('counts once, and not after the output (INV-12)', () => {
    const twice = [...waiting, ...journal([{}, { kind: 'completion', op: 0, result: done }])]
    expect(decided(twice, completion)).toEqual([])
    const closed = journal([{}, created, { kind: 'output', result: done }])
    expect(decided(closed, completion)).toEqual([])
  })

  it('keeps the key of whoever brought it', () => {
    const [news] = decided(waiting, { ...completion, key: 'mine' })
    expect(news).toEqual({ kind: 'completion', op: 0, result: done, key: 'mine' })
  })

  it("that comes by an awakeable's id is for no other op", () => {
    const forged = { ...completion, by: 'awakeable-id' } as const
    const asleep = journal(
      [{}, created, attempt(1)],
      [handler(1), { kind: 'sleep', op: 0, wakeAt: 9 }, suspendedOn({ kind: 'op', op: 0 })],
    )
    expect(decided(asleep, forged)).toEqual([])
    expect(decided(waiting, forged)).toHaveLength(2)
    expect(decided(running, forged)).toHaveLength(1)
  })

  it('that precedes its op is kept for it (trace 13)', () => {
    const early = journal(
      [{}, created, attempt(1)],
      [{}, { kind: 'completion', op: 0, result: done }],
      [handler(1), { kind: 'awakeable', op: 0 }],
    )
    expect(fold(early).settled.get(0)).toBe('value')
  })
})

describe('a waiter, a pause, a resumption', () => {
  it('adds a waiter once, and not the caller itself', () => {
    const origin = { kind: 'call', invocation: otherId, op: 4 } as const
    const called = journal([{}, { ...created, origin }])
    expect(decided(called, { kind: 'waiter', invocation: otherId, op: 4 })).toEqual([])
    const waiter = { kind: 'waiter', invocation: otherId, op: 5 } as const
    expect(decided(called, waiter)).toEqual([waiter])
    expect(decided(journal([{}, created], [{}, waiter]), waiter)).toEqual([])
  })

  it('pauses what is open, once', () => {
    const pause = { kind: 'pause', reason: failure } as const
    expect(decided(running, pause)).toEqual([{ kind: 'paused', reason: failure }])
    const paused = journal([{}, created, { kind: 'paused', reason: failure }])
    expect(decided(paused, pause)).toEqual([])
    const closed = journal([{}, created, { kind: 'output', result: done }])
    expect(decided(closed, pause)).toEqual([])
  })

  it('resumes what is paused, with leave', () => {
    const paused = journal([{}, created, { kind: 'paused', reason: failure }])
    expect(decided(paused, { kind: 'resume' })).toEqual([{ kind: 'attempt', epoch: 1, ...leave }])
    expect(decided(paused, { kind: 'resume' }, { leave: undefined })).toEqual([])
    expect(decided(running, { kind: 'resume' })).toEqual([])
  })
})
