import type { Entry } from '@fermata/lambda-runtime/protocol'
import {
  isRunnable,
  nextOwnTime,
  silentAwakeables,
} from '@fermata/orchestrator/domain/invocation/due'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  attempt,
  created,
  decided,
  fold,
  handler,
  journal,
  leave,
  otherId,
  suspendedOn,
} from './journals.ts'

const failure = { code: 'oops', message: 'no luck' }
const done = { kind: 'value', value: { json: 'done' } } as const
const running = journal([{}, created, attempt(1)])
const closed = journal([{}, created, { kind: 'output', result: done }])

const wait = (op: number, name = 'go'): Entry => ({ kind: 'signal-wait', op, name })
const signal = (json: number, id?: string, name = 'go'): Entry => ({
  kind: 'signal',
  name,
  value: { json },
  ...(id === undefined ? {} : { id }),
})

describe('a signal', () => {
  const stimulus = { kind: 'signal', name: 'go', value: { json: 1 }, id: undefined } as const
  const waiting = journal(
    [{}, created, attempt(1)],
    [handler(1), wait(0), suspendedOn({ kind: 'op', op: 0 })],
  )

  it('wakes a handler that waits for it, in the same segment', () => {
    expect(decided(waiting, stimulus)).toEqual([
      { kind: 'signal', name: 'go', value: { json: 1 } },
      { kind: 'attempt', epoch: 2, ...leave },
    ])
  })

  it('is written alone when nobody waits for it, without a permit, or while the handler runs', () => {
    expect(decided(waiting, { ...stimulus, name: 'stop' })).toHaveLength(1)
    expect(decided(waiting, stimulus, { leave: undefined })).toHaveLength(1)
    expect(decided(running, stimulus)).toHaveLength(1)
  })

  it('with an id counts once', () => {
    const known = [...waiting, ...journal([{}, signal(1, 'a', 'other')])]
    expect(decided(known, { ...stimulus, id: 'a' })).toEqual([])
    expect(decided(known, { ...stimulus, id: 'b' })[0]).toEqual(signal(1, 'b'))
    const twice = journal([{}, created, attempt(1)], [{}, signal(1, 'a'), signal(2, 'a')])
    expect(fold(twice).signals.get('go')).toEqual({ waits: [], early: 1 })
  })

  it('does not reach what has ended (INV-12)', () => {
    expect(decided(closed, stimulus)).toEqual([])
  })

  it('completes the wait of the same rank, whichever of the two comes first', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 12 }), (waits) => {
        let op = 0
        const entries = waits.map((isWait, i) => (isWait ? wait(op++) : signal(i)))
        const state = fold(
          journal(
            [{}, created, attempt(1)],
            ...entries.map((entry) => [handler(1), entry] as const),
          ),
        )
        const signals = waits.length - op
        const expected = Array.from({ length: Math.min(op, signals) }, (_, rank) => rank)
        expect([...state.settled.keys()].toSorted((a, b) => a - b)).toEqual(expected)
      }),
    )
  })
})

describe('a cancellation', () => {
  const cancel = { kind: 'cancel', reason: 'too late' } as const
  const asleep = journal(
    [{}, created, attempt(1)],
    [handler(1), { kind: 'sleep', op: 0, wakeAt: 9_000 }, suspendedOn({ kind: 'op', op: 0 })],
  )
  const failed = journal(
    [{}, created, attempt(1)],
    [{}, { kind: 'attempt-failed', failure, retryAt: 9_000 }],
  )
  const paused = journal([{}, created, attempt(1)], [{}, { kind: 'paused', reason: failure }])

  it('of one that has not started is its output', () => {
    const output = {
      kind: 'output',
      result: { kind: 'failure', failure: { code: 'cancelled' } },
    }
    expect(decided(journal([{}, created]), cancel)).toMatchObject([cancel, output])
    expect(decided(journal([{}, { ...created, notBefore: 9_000 }]), cancel)).toHaveLength(2)
    const unserved = journal([{}, created, { kind: 'paused', reason: failure }])
    expect(decided(unserved, cancel)).toMatchObject([cancel, output])
  })

  it('resumes a handler that sleeps, backs off or is paused', () => {
    for (const segments of [asleep, failed, paused]) {
      expect(decided(segments, cancel)).toEqual([cancel, { kind: 'attempt', epoch: 2, ...leave }])
    }
  })

  it('of one whose kept steps may need to be made up for runs its handler', () => {
    const kept = { seed: otherId, at: 1 }
    const restarted = journal([{}, { ...created, restartOf: { invocation: otherId, kept } }])
    expect(decided(restarted, cancel).map(({ kind }) => kind)).toEqual(['cancel', 'attempt'])
  })

  it('is only written while the handler runs, or without a permit', () => {
    expect(decided(running, { kind: 'cancel', reason: undefined })).toEqual([{ kind: 'cancel' }])
    expect(decided(asleep, cancel, { leave: undefined })).toEqual([cancel])
    const asked = fold([...asleep, ...journal([{}, cancel])])
    expect(isRunnable(asked, 0)).toBe(true)
  })

  it('is asked for once, and not of what has ended', () => {
    expect(decided([...asleep, ...journal([{}, cancel])], cancel)).toEqual([])
    expect(decided(closed, cancel)).toEqual([])
    const twice = fold(journal([{}, created, attempt(1)], [{}, cancel], [{}, cancel]))
    expect(twice.cancel).toBe('asked')
  })

  it('that an attempt was told of does not start the next without a wait', () => {
    const told = [...running, ...journal([{}, cancel], [{}, attempt(2)])]
    const again = [...told, ...journal([{}, { kind: 'attempt-failed', failure, retryAt: 9_000 }])]
    expect(fold(again).cancel).toBe('told')
    expect(isRunnable(fold(again), 8_999)).toBe(false)
    const stuck = [...told, ...journal([{}, { kind: 'paused', reason: failure }])]
    expect(isRunnable(fold(stuck), 1e9)).toBe(false)
  })

  it('has surfaced once the handler was handed the error', () => {
    const cancelled: Entry = { kind: 'cancelled', upTo: 1, spared: [], at: 5, after: 1 }
    const surfaced = [...running, ...journal([{}, cancel], [handler(1), cancelled])]
    expect(fold(surfaced)).toMatchObject({ cancel: 'surfaced', failures: 0 })
  })
})

describe('a kill', () => {
  it('ends whatever is open, at once, with its reason', () => {
    expect(decided(running, { kind: 'kill', reason: 'it loops' })).toMatchObject([
      { kind: 'killed', reason: 'it loops' },
      {
        kind: 'output',
        result: { kind: 'failure', failure: { code: 'killed', message: 'it loops' } },
      },
    ])
    const [killed] = decided(journal([{}, created]), { kind: 'kill', reason: undefined })
    expect(killed).toEqual({ kind: 'killed' })
    expect(decided(closed, { kind: 'kill', reason: undefined })).toEqual([])
  })

  it('refuses what its handler still appends', () => {
    const killed = decided(running, { kind: 'kill', reason: undefined })
    const late = journal(
      [{}, created, attempt(1)],
      [{}, ...killed],
      [handler(1), { kind: 'awakeable', op: 0 }],
    )
    expect(fold(late)).toMatchObject({ killed: true, refused: new Set([2]), ops: 0 })
  })
})

describe('an awakeable with a heartbeat', () => {
  const awakeable = { kind: 'awakeable', op: 0, heartbeatMs: 300, at: 200 } as const
  const waiting = journal(
    [{}, created, attempt(1)],
    [handler(1), awakeable, suspendedOn({ kind: 'op', op: 0 })],
  )
  const beat = { kind: 'heartbeat', op: 0 } as const

  it('fails when nobody shows a sign of life in time', () => {
    expect(nextOwnTime(fold(waiting), 0)).toBe(500)
    expect(decided(waiting, { kind: 'wake' }, { now: 499 })).toEqual([])
    expect(decided(waiting, { kind: 'wake' }, { now: 500 })).toMatchObject([
      { kind: 'completion', op: 0, result: { failure: { code: 'heartbeat-timeout' } } },
      { kind: 'attempt', epoch: 2 },
    ])
  })

  it('lasts longer with every sign of life', () => {
    expect(decided(waiting, beat)).toEqual([beat])
    const beaten = fold([...waiting, ...journal([{ at: 450 }, beat])])
    expect(nextOwnTime(beaten, 0)).toBe(750)
    expect([silentAwakeables(beaten, 749), silentAwakeables(beaten, 750)]).toEqual([[], [0]])
    const delayed = fold([...waiting, ...journal([{ at: 100 }, beat])])
    expect(nextOwnTime(delayed, 0)).toBe(500)
  })

  it('counts from its segment where it does not say when it was made', () => {
    const { at: _, ...timeless } = awakeable
    const made = fold(journal([{}, created, attempt(1)], [handler(1), timeless]))
    expect(made.deadlines.get(0)?.dueAt).toBe(500)
  })

  it('has no deadline once it is completed, even before it is known', () => {
    const result = journal([{}, { kind: 'completion', op: 0, result: done }])
    expect(fold([...waiting, ...result]).deadlines.size).toBe(0)
    const early = journal(
      [{}, created, attempt(1)],
      [{}, { kind: 'completion', op: 0, result: done }],
      [handler(1), awakeable],
    )
    expect(fold(early).deadlines.size).toBe(0)
  })

  it('alone takes signs of life', () => {
    const plain = journal([{}, created, attempt(1)], [handler(1), { kind: 'awakeable', op: 0 }])
    expect(decided(plain, beat)).toEqual([])
    expect(fold([...plain, ...journal([{}, beat])]).deadlines.size).toBe(0)
    const over = [...waiting, ...journal([{}, { kind: 'output', result: done }])]
    expect(decided(over, beat)).toEqual([])
  })
})

describe('what a journal remembers of its ops', () => {
  const promise = { workflow: 'signup', key: 'ada', name: 'verified' }
  const call = { kind: 'call', op: 0, target: created.target, input: { json: 1 } } as const

  it('names the calls and promises without an outcome', () => {
    const open = journal(
      [{}, created, attempt(1)],
      [handler(1), call, { kind: 'promise-get', op: 1, promise }],
    )
    expect(fold(open).calls).toEqual(new Map([[0, call]]))
    expect(fold(open).promises).toEqual(new Map([[1, promise]]))
    const answered = journal(
      [{}, { kind: 'completion', op: 0, result: done }],
      [{}, { kind: 'completion', op: 1, result: done }],
    )
    const over = fold([...open, ...answered])
    expect([over.calls.size, over.promises.size]).toEqual([0, 0])
  })

  it('numbers the ops that have no result, or one of their own', () => {
    const ops: readonly Entry[] = [
      { kind: 'signal-send', op: 0, invocation: otherId, name: 'go', value: { json: 1 } },
      { kind: 'cancel-invocation', op: 1, invocation: otherId },
      { kind: 'attach', op: 2, invocation: otherId },
      { kind: 'promise-peek', op: 3, promise },
      { kind: 'promise-complete', op: 4, promise, result: done },
      { kind: 'state-get', op: 5, name: 'a', at: 1, after: 6 },
      { kind: 'state-keys', op: 6, names: [], at: 1, after: 7 },
    ]
    expect(fold(journal([{}, created, attempt(1)], [handler(1), ...ops]))).toMatchObject({ ops: 7 })
  })

  it('adds up the changes of the state (INV-7)', () => {
    const set = { kind: 'state-set', op: 0, name: 'a', value: { json: 1 } } as const
    const clear = { kind: 'state-clear', op: 1, name: 'b' } as const
    const changed = fold(journal([{}, created, attempt(1)], [handler(1), set, clear]))
    expect(changed.patch).toEqual({
      cleared: false,
      values: new Map<string, unknown>([
        ['a', { json: 1 }],
        ['b', undefined],
      ]),
    })
    const all = { kind: 'state-clear-all', op: 1 } as const
    const cleared = fold(journal([{}, created, attempt(1)], [handler(1), set, all]))
    expect(cleared.patch).toEqual({ cleared: true, values: new Map() })
  })

  it('takes in what came before it existed: its slot in a queue had no other journal', () => {
    const news = journal(
      [{}, { kind: 'cancel' }],
      [{}, { kind: 'waiter', invocation: otherId, op: 1 }],
      [{}, signal(1)],
      [{}, created],
    )
    expect(fold(news)).toMatchObject({
      cancel: 'asked',
      waiters: [{ invocation: otherId, op: 1 }],
      signals: new Map([['go', { waits: [], early: 1 }]]),
      next: 4,
      phase: { kind: 'queued' },
    })
  })
})
