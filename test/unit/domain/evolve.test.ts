import type { Entry } from '@fermata/lambda-runtime/protocol'
import { evolve, evolveAll } from '@fermata/orchestrator/domain/invocation/evolve'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attempt, created, fold, handler, journal, otherId, run, suspendedOn } from './journals.ts'

const failure = { code: 'oops', message: 'no luck' }
const done = { kind: 'value', value: { json: 'done' } } as const

describe('the fold of a journal', () => {
  it('knows nothing before there is a created entry', () => {
    expect(evolveAll([])).toBeUndefined()
    expect(evolveAll(journal([{}, { kind: 'cancel' }]))).toBeUndefined()
  })

  it('follows an invocation from its creation to its output', () => {
    const segments = journal(
      [{}, created],
      [{}, attempt(1)],
      [
        handler(1),
        run(0),
        { kind: 'sleep', op: 1, wakeAt: 400 },
        suspendedOn({ kind: 'op', op: 1 }),
      ],
      [{}, { kind: 'completion', op: 1, result: done }, attempt(2)],
      [
        handler(2),
        { kind: 'seen', op: 1, upTo: 3, at: 1, after: 2 },
        { kind: 'output', result: done },
      ],
    )
    const phases = segments.map((_, n) => fold(segments.slice(0, n + 1)).phase.kind)
    expect(phases).toEqual(['queued', 'running', 'suspended', 'running', 'closed'])
    expect(fold(segments)).toMatchObject({ epoch: 2, ops: 2, next: 5, deployment: 'dp_1' })
  })

  it('remembers a sleep until it is completed', () => {
    const asleep = journal(
      [{}, created, attempt(1)],
      [handler(1), { kind: 'sleep', op: 0, wakeAt: 9 }],
    )
    expect(fold(asleep).sleeps).toEqual(new Map([[0, 9]]))
    const awake = [...asleep, ...journal([{}, { kind: 'completion', op: 0, result: done }])]
    expect(fold(awake).sleeps.size).toBe(0)
  })

  it.each<Entry>([
    { kind: 'sleep', op: 0, wakeAt: 9 },
    { kind: 'call', op: 0, target: created.target, input: { json: 1 } },
    { kind: 'run-failed', op: 0, name: 'a', tries: 1, since: 1, failure, retryAt: 9 },
  ])('takes no completion for $kind that was there before it: it may be forged', (entry) => {
    const forged = journal(
      [{}, created, attempt(1)],
      [{}, { kind: 'completion', op: 0, result: done }],
      [handler(1), entry],
    )
    expect(fold(forged).settled.has(0)).toBe(false)
  })

  it('lets the first of two completions count', () => {
    const failed = { kind: 'failure', failure } as const
    const segments = journal(
      [{}, created, attempt(1)],
      [{}, { kind: 'completion', op: 3, result: done }],
      [{}, { kind: 'completion', op: 3, result: failed }],
    )
    expect(fold(segments).settled.get(3)).toBe('value')
  })

  it('ignores handler segments that the epoch does not allow (INV-2, traces 9 and 18)', () => {
    const start = journal([{}, created, attempt(2)], [handler(2, 'L1'), run(0)])
    const [stale] = journal([{ ...handler(1) }, run(1)])
    const [twin] = journal([{ ...handler(2, 'L2') }, run(1)])
    for (const intruder of [stale, twin]) {
      expect(intruder && evolve(fold(start), intruder)?.ops).toBe(1)
    }
    const over = fold([...start, ...journal([{}, { kind: 'attempt-failed', failure, retryAt: 5 }])])
    const [zombie] = journal([handler(2, 'L1'), run(1)])
    expect(zombie && evolve(over, zombie)?.phase).toEqual({ kind: 'backing-off', retryAt: 5 })
  })

  it('changes nothing after the output but who waits for it (INV-12)', () => {
    const waiter = { kind: 'waiter', invocation: otherId, op: 1 } as const
    const segments = journal(
      [{}, created, attempt(1)],
      [handler(1), { kind: 'output', result: done }],
      [{}, { kind: 'completion', op: 0, result: done }, attempt(2), waiter],
    )
    expect(fold(segments)).toMatchObject({
      epoch: 1,
      phase: { kind: 'closed' },
      waiters: [{ invocation: otherId, op: 1 }],
    })
  })

  it('counts failures in a row and forgets them at progress or after a pause', () => {
    const twice = journal(
      [{}, created, attempt(1)],
      [{}, { kind: 'attempt-failed', failure, retryAt: 5 }],
      [{}, attempt(2)],
      [{}, { kind: 'attempt-failed', failure, retryAt: 6 }],
    )
    expect(fold(twice)).toMatchObject({ failures: 2, failingSince: 200, lastFailure: failure })
    const moved = [...twice, ...journal([{}, attempt(3)], [handler(3), run(0)])]
    expect(fold(moved)).toMatchObject({ failures: 0, failingSince: undefined })
    const resumed = [...twice, ...journal([{}, { kind: 'paused', reason: failure }, attempt(3)])]
    expect(fold(resumed).failures).toBe(0)
  })

  it('sees that a handler is alive, and keeps the watermark of effects', () => {
    const alive = fold(journal([{}, created, attempt(1)], [handler(1), { kind: 'alive' }]))
    expect(alive.phase).toMatchObject({ kind: 'running', alive: true, startedAt: 100 })
    expect(alive.carried).toBe(-1)
    const marked = fold(journal([{}, created, attempt(1)], [{ carried: 0 }, attempt(2)]))
    expect(marked.carried).toBe(0)
    const stray = fold(journal([{}, created], [{}, { kind: 'alive' }]))
    expect(stray.phase.kind).toBe('queued')
  })

  it('numbers every kind of op', () => {
    const target = { service: 'mail', handler: 'send' }
    const segments = journal(
      [{}, created, attempt(1)],
      [
        handler(1),
        { kind: 'call', op: 0, target, input: { json: 1 } },
        { kind: 'send', op: 1, target, input: { json: 1 } },
        { kind: 'awakeable', op: 2 },
        { kind: 'awakeable-complete', op: 3, awakeable: 'x', result: done },
        { kind: 'run-started', op: 4, name: 's' },
        { kind: 'run-failed', op: 5, name: 's', tries: 1, since: 1, failure, retryAt: 2 },
      ],
    )
    expect(fold(segments)).toMatchObject({ ops: 6, lastFailure: failure, awakeables: new Set([2]) })
  })

  it('counts an op once, however often the journal speaks of it', () => {
    const segments = journal(
      [{}, created, attempt(1)],
      [handler(1), { kind: 'run-started', op: 0, name: 's' }, run(1), run(0)],
    )
    expect(fold(segments).ops).toBe(2)
  })

  it('comes to the same whether it is folded at once or step by step', () => {
    const segments = journal(
      [{}, created, attempt(1)],
      [handler(1), run(0)],
      [handler(1), { kind: 'sleep', op: 1, wakeAt: 9 }, suspendedOn({ kind: 'op', op: 1 })],
      [{}, { kind: 'completion', op: 1, result: done }, attempt(2)],
    )
    fc.assert(
      fc.property(fc.integer({ min: 1, max: segments.length }), (cut) => {
        const parts = segments.slice(cut).reduce(evolve, fold(segments.slice(0, cut)))
        expect(parts).toEqual(fold(segments))
      }),
    )
  })
})
