import type { Entry } from '@fermata/lambda-runtime/protocol'
import { keepBefore } from '@fermata/orchestrator/domain/invocation/keep'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attempt, created, fold, handler, journal, otherId, run } from './journals.ts'

const done = { kind: 'value', value: { json: 'done' } } as const
const failure = { code: 'oops', message: 'no luck' }
const target = { service: 'mail', handler: 'send' }
const completion = (op: number): Entry => ({ kind: 'completion', op, result: done })
const seen = (op: number, after: number): Entry => ({ kind: 'seen', op, upTo: 9, at: 5, after })
const sleep = (op: number): Entry => ({ kind: 'sleep', op, wakeAt: 9 })

/** The kept entries of a handler that wrote these, from the first attempt on. */
function kept(from: number, ...lists: readonly (readonly Entry[])[]) {
  const segments = journal(
    [{}, created, attempt(1)],
    ...lists.map((entries) => [handler(1), ...entries] as const),
  )
  return keepBefore(segments, fold(segments).refused, from)
}

describe('what a restart keeps', () => {
  it('is the ops before it, with their results, in as many segments', () => {
    const { from, segments, hasState } = kept(
      3,
      [run(0), sleep(1)],
      [completion(1), { kind: 'alive' }],
      [{ kind: 'alive' }],
      [seen(1, 2), run(2), run(3), { kind: 'output', result: done }],
    )
    expect({ from, hasState }).toEqual({ from: 3, hasState: false })
    const again = { ...seen(1, 2), upTo: 2 }
    expect(segments).toEqual([[run(0), sleep(1)], [completion(1)], [again, run(2)]])
  })

  it('ends before the first op that has no result', () => {
    const failed = {
      kind: 'run-failed',
      op: 1,
      name: 's',
      tries: 1,
      since: 1,
      failure,
      retryAt: 2,
    } as const
    expect(kept(9, [run(0), failed])).toMatchObject({ from: 1, segments: [[run(0)]] })
    expect(kept(9, [run(0), sleep(1), run(2)])).toMatchObject({ from: 1, segments: [[run(0)]] })
    expect(kept(9, [{ kind: 'run-started', op: 0, name: 's' }, run(0), run(1)]).segments).toEqual([
      [run(0), run(1)],
    ])
    expect(kept(0, [run(0)])).toEqual({ from: 0, segments: [], hasState: false })
  })

  it('counts ops without a result as done, and awaited ones when they are completed', () => {
    const promise = { workflow: 'signup', key: 'ada', name: 'verified' }
    const asked: readonly Entry[] = [
      { kind: 'call', op: 0, target, input: { json: 1 } },
      { kind: 'attach', op: 1, invocation: otherId },
      { kind: 'promise-get', op: 2, promise },
      { kind: 'promise-peek', op: 3, promise },
      { kind: 'promise-complete', op: 4, promise, result: done },
      { kind: 'awakeable', op: 5 },
    ]
    const told: readonly Entry[] = [
      { kind: 'send', op: 6, target, input: { json: 1 } },
      { kind: 'awakeable-complete', op: 7, awakeable: 'x', result: done },
      { kind: 'signal-send', op: 8, invocation: otherId, name: 'go', value: { json: 1 } },
      { kind: 'cancel-invocation', op: 9, invocation: otherId },
    ]
    const news = asked.map((_, op) => completion(op))
    expect(kept(99, [...asked, ...told], news).from).toBe(10)
    expect(kept(99, asked, news.slice(0, 2)).from).toBe(2)
  })

  it('takes a completion that precedes its op for an awakeable’s alone', () => {
    expect(kept(9, [completion(0), { kind: 'awakeable', op: 0 }]).from).toBe(1)
    expect(kept(9, [completion(0), sleep(0)]).from).toBe(0)
  })

  it('hands out no later than at the op, what was handed out later', () => {
    const late: Entry = { ...run(0), after: 4 }
    expect(kept(1, [late, run(4)]).segments).toEqual([[{ ...late, after: 1 }]])
    expect(kept(1, [sleep(0), completion(0), seen(0, 3)]).segments).toEqual([
      [sleep(0), completion(0)],
    ])
  })

  it('has as many signals as waits, the first of each name, each id once', () => {
    const signal = (json: number, id?: string): Entry => ({
      kind: 'signal',
      name: 'go',
      value: { json },
      ...(id === undefined ? {} : { id }),
    })
    const wait = (op: number, name = 'go'): Entry => ({ kind: 'signal-wait', op, name })
    const other: Entry = { kind: 'signal', name: 'other', value: { json: 0 } }
    const news = [other, signal(1, 'a'), signal(2, 'a'), signal(3), signal(4)]
    expect(kept(2, [wait(0), wait(1), wait(2)], news)).toEqual({
      from: 2,
      hasState: false,
      segments: [
        [wait(0), wait(1)],
        [signal(1, 'a'), signal(3)],
      ],
    })
    expect(kept(9, [wait(0), wait(1, 'stop')], news).from).toBe(1)
  })

  it('ends where the handler was cancelled: from there on it made up for what it had done', () => {
    const cancelled: Entry = { kind: 'cancelled', upTo: 1, spared: [], at: 5, after: 1 }
    const beat: Entry = { kind: 'heartbeat', op: 0 }
    const waiter: Entry = { kind: 'waiter', invocation: otherId, op: 0 }
    const parts = kept(9, [run(0), { kind: 'cancel' }, beat, waiter], [cancelled, run(1)])
    expect(parts).toEqual({ from: 1, segments: [[run(0)]], hasState: false })
  })

  it('takes what a cancellation took from the handler for an op without a result', () => {
    const cancel: Entry = { kind: 'cancelled', upTo: 1, spared: [2], at: 5, after: 3 }
    const call = (op: number): Entry => ({ kind: 'call', op, target, input: { json: 1 } })
    const wait: Entry = { kind: 'signal-wait', op: 1, name: 'go' }
    const signal: Entry = { kind: 'signal', name: 'go', value: { json: 1 } }
    const stopped: Entry = {
      ...run(2),
      result: { kind: 'failure', failure: { code: 'cancelled', message: 'given up' } },
    }
    const after = [completion(1), run(3)]
    // Its child was cancelled as well, and said so while the handler made up for what it had done.
    expect(kept(9, [sleep(0), call(1)], [{ ...cancel, spared: [], after: 2 }], after).from).toBe(0)
    expect(kept(9, [run(0), call(1)], [cancel], after).from).toBe(1)
    expect(kept(9, [run(0), wait], [cancel], [signal, run(3)]).from).toBe(1)
    // What it had been handed before, and what was spared, it has; but for a step that was given up for it.
    const before = [run(0), call(1), completion(1), seen(1, 2)]
    expect(kept(9, before, [cancel], [run(2), run(3)]).from).toBe(3)
    expect(kept(9, before, [cancel], [stopped, run(3)]).from).toBe(2)
    expect(kept(9, [run(0), call(1), sleep(2)], [completion(1), seen(1, 3), cancel]).from).toBe(2)
    expect(kept(9, before, [cancel, sleep(2), completion(2)]).from).toBe(3)
  })

  it('tells of ops on the state', () => {
    const ops: readonly Entry[] = [
      { kind: 'state-get', op: 0, name: 'a', at: 1, after: 9 },
      { kind: 'state-keys', op: 1, names: [], at: 1, after: 2 },
      { kind: 'state-set', op: 2, name: 'a', value: { json: 1 } },
      { kind: 'state-clear', op: 3, name: 'a' },
      { kind: 'state-clear-all', op: 4 },
    ]
    expect(kept(5, ops)).toMatchObject({ from: 5, hasState: true })
    expect(kept(1, ops).segments).toEqual([[{ ...ops[0], after: 1 }]])
  })

  it('leaves out what its attempt was not allowed to write (INV-2)', () => {
    const segments = journal(
      [{}, created, attempt(1)],
      [handler(1, 'a'), run(0)],
      [handler(1, 'twin'), run(1)],
    )
    expect(keepBefore(segments, fold(segments).refused, 9).from).toBe(1)
  })

  it('folds to a journal in which every op has its result', () => {
    const ops: readonly (readonly Entry[])[] = [
      [run(0)],
      [sleep(1), completion(1), seen(1, 2)],
      [run(2)],
      [sleep(3)],
      [run(4)],
    ]
    fc.assert(
      fc.property(fc.nat(7), (from) => {
        const prefix = kept(from, ...ops)
        const again = journal(
          ...prefix.segments.map((entries, n) => [{ carried: n }, ...entries] as const),
          [{}, created],
        )
        const state = fold(again)
        expect(state.ops).toBe(prefix.from)
        expect(state.settled.size).toBe(prefix.from)
        expect(state.carried).toBe(prefix.segments.length - 1)
      }),
    )
  })
})
