import { childIdFor, type Entry } from '@fermata/lambda-runtime/protocol'
import { isRunnable, needsPlace } from '@fermata/orchestrator/domain/invocation/due'
import { type Effect, predecessors } from '@fermata/orchestrator/domain/invocation/effects'
import type { Stimulus } from '@fermata/orchestrator/domain/invocation/stimulus'
import {
  decidePreface,
  halfRetentionOf,
  judgeTurn,
  opening,
  queuedState,
} from '@fermata/orchestrator/domain/objects/mail'
import type { Slot } from '@fermata/orchestrator/domain/objects/model'
import { describe, expect, it } from 'vitest'
import {
  attempt,
  context,
  created,
  decided,
  fold,
  invocationId,
  journal,
  otherId,
} from './journals.ts'

const placed = { ...created, slot: 5 }
const output: Entry = { kind: 'output', result: { kind: 'value', value: { json: 1 } } }
const leave = { deployment: 'dp_1', deadline: 99 }
const start = { kind: 'leave', leave } as const

describe('the turn of a slot', () => {
  it('begins an invocation that has no journal, or no place yet', () => {
    expect(judgeTurn(5, undefined)).toBe('begins')
    expect(judgeTurn(5, fold(journal([{}, { ...created, slot: 0 }])))).toBe('begins')
  })

  it('is its holder’s until that one ends', () => {
    expect(judgeTurn(5, fold(journal([{}, placed, attempt(1)])))).toBe('holds')
    expect(judgeTurn(5, fold(journal([{}, placed, output])))).toBe('over')
  })

  it('is void for one that has another slot, or ended before it had one', () => {
    expect(judgeTurn(6, fold(journal([{}, placed])))).toBe('void')
    expect(judgeTurn(5, fold(journal([{}, created])))).toBe('void')
    expect(judgeTurn(5, fold(journal([{}, { ...created, slot: 0 }, output])))).toBe('void')
  })
})

describe('an invocation whose turn has come', () => {
  it('begins with an attempt, or waits for a permit, or for a deployment', () => {
    expect(opening(placed, [], start)).toEqual([placed, attempt1])
    expect(opening(placed, [], { kind: 'wait' })).toEqual([placed])
    const reason = { code: 'handler-not-found', message: 'no' }
    expect(opening(placed, [], { kind: 'unserved', reason })).toEqual([
      placed,
      { kind: 'paused', reason },
    ])
  })

  it('ends at once when it was cancelled or killed before', () => {
    expect(opening(placed, [{ kind: 'cancel' }], start)).toMatchObject([
      placed,
      { kind: 'output', result: { kind: 'failure', failure: { code: 'cancelled' } } },
    ])
    expect(opening(placed, [{ kind: 'killed', reason: 'enough' }], start)).toMatchObject([
      placed,
      { kind: 'output', result: { failure: { code: 'killed', message: 'enough' } } },
    ])
    expect(opening(placed, [{ kind: 'killed' }], start)).toMatchObject([
      placed,
      { kind: 'output', result: { failure: { code: 'killed' } } },
    ])
  })

  it('hears of a cancellation itself when it has something to make up for', () => {
    const restartOf = { invocation: otherId, kept: { seed: 's', at: 1 } }
    const again = { ...placed, restartOf }
    expect(opening(again, [{ kind: 'cancel' }], start)).toEqual([again, attempt1])
  })
})

const attempt1: Entry = { kind: 'attempt', epoch: 1, ...leave }

describe('news for one that waits in a mailbox', () => {
  const told = (stimulus: Stimulus, before: readonly Entry[] = []) =>
    decidePreface(created, before, stimulus)

  it('is kept, once', () => {
    const signal = { kind: 'signal', name: 's', value: { json: 1 }, id: 'i' } as const
    expect(told(signal)).toEqual([signal])
    expect(told(signal, told(signal))).toEqual([])
    const bare = { ...signal, id: undefined }
    expect(told(bare, told(bare))).toEqual([{ kind: 'signal', name: 's', value: { json: 1 } }])
    const waiter = { kind: 'waiter', invocation: otherId, op: 3 } as const
    expect(told(waiter)).toEqual([waiter])
    expect(told(waiter, told(waiter))).toEqual([])
    const cancel = { kind: 'cancel', reason: 'r' } as const
    expect(told(cancel)).toEqual([cancel])
    expect(told(cancel, told(cancel))).toEqual([])
    const kill = { kind: 'kill', reason: undefined } as const
    expect(told(kill)).toEqual([{ kind: 'killed' }])
    expect(told(kill, told(kill))).toEqual([])
  })

  it('is not where its caller asks to wait for it: he is told anyway', () => {
    const called = { ...created, origin: { kind: 'call', invocation: otherId, op: 3 } } as const
    const waiter = { kind: 'waiter', invocation: otherId, op: 3 } as const
    expect(decidePreface(called, [], waiter)).toEqual([])
    expect(decidePreface(called, [], { ...waiter, op: 4 })).toHaveLength(1)
  })

  it('is nothing that only a begun one can hear', () => {
    expect(told({ kind: 'wake' })).toEqual([])
    expect(told({ kind: 'heartbeat', op: 1 })).toEqual([])
  })
})

describe('one that waits in a mailbox', () => {
  const slot: Slot = {
    n: 5,
    writer: 'w',
    at: 7,
    expires: 1_000,
    mail: { kind: 'invocation', invocation: invocationId, created },
    mark: undefined,
  }

  it('looks as if it had just been created', () => {
    expect(queuedState(slot, created, [])).toMatchObject({
      phase: { kind: 'queued' },
      createdAt: 7,
      created: { slot: 5 },
      next: 1,
    })
    const preface = journal([{}, { kind: 'cancel' }])
    expect(queuedState(slot, created, preface)).toMatchObject({
      cancel: 'asked',
      born: 'b',
      next: 2,
    })
  })

  it('is stamped anew at half its retention, and so is an edit', () => {
    expect(halfRetentionOf(slot)).toBe(500)
    const edit = { id: 'e', version: undefined, patch: { cleared: false, values: [] } }
    const mail = { kind: 'edit', edit, retentionMs: 100 } as const
    expect(halfRetentionOf({ ...slot, mail })).toBe(950)
  })
})

describe('what one handler asks of keys', () => {
  const target = { service: 'cart', handler: 'add', key: 'a' }
  const create = (how: 'call' | 'send', op: number, key?: string): Effect => ({
    kind: 'create',
    how,
    entry: { kind: how, op, input: { json: op }, target: { ...target, ...(key && { key }) } },
  })

  it('keeps the order of its ops for each key, whatever comes first otherwise', () => {
    const [call, send, last, other] = [
      create('call', 0),
      create('send', 1),
      create('send', 2),
      create('send', 3, 'b'),
    ] as const
    const stateless = { ...create('send', 4), entry: send4 } as Effect
    const cancel: Effect = { kind: 'cancel', invocation: otherId }
    const before = predecessors([send, last, other, stateless, cancel, call], invocationId)
    expect([...before]).toEqual([
      [send, call],
      [last, send],
    ])
  })

  it('comes to whom it has only just sent after that, in its order', () => {
    const child = childIdFor(send4.target, { parent: otherId, op: 4, idempotencyKey: undefined })
    const sent: Effect = { kind: 'create', how: 'send', entry: send4 }
    const signal = (op: number, invocation = child): Effect => ({
      kind: 'signal',
      entry: { kind: 'signal-send', op, invocation, name: 'go', value: { json: op } },
    })
    const [one, two, elsewhere] = [signal(5), signal(6), signal(7, invocationId)] as const
    const cancel: Effect = { kind: 'cancel', invocation: child }
    const attach: Effect = { kind: 'attach', entry: { kind: 'attach', op: 9, invocation: child } }
    const before = predecessors([one, two, elsewhere, cancel, sent, attach], otherId)
    expect([...before]).toEqual([
      [one, sent],
      [two, one],
      [cancel, two],
      [attach, cancel],
    ])
  })
})

const send4 = {
  kind: 'send',
  op: 4,
  input: { json: 4 },
  target: { service: 'mail', handler: 'send' },
} as const

describe('one that was to wait before it queues up', () => {
  it('does so when its time has come, and does not run before', () => {
    const state = fold(journal([{}, { ...created, slot: 0, notBefore: 50 }]))
    expect(needsPlace(state, 49)).toBe(false)
    expect(needsPlace(state, 50)).toBe(true)
    expect(isRunnable(state, 50)).toBe(false)
    expect(needsPlace(fold(early), 0)).toBe(true)
    expect(needsPlace(fold(journal([{}, created])), 50)).toBe(false)
    expect(needsPlace(fold(journal([{}, { ...created, slot: 0 }, output])), 50)).toBe(false)
  })

  it('does so when it is cancelled, where nobody served it', () => {
    const paused = [
      { ...created, slot: 0 },
      { kind: 'paused', reason: { code: 'c', message: 'm' } },
    ] as const
    expect(needsPlace(fold(journal([{}, ...paused])), 50)).toBe(false)
    const asked = fold(journal([{}, ...paused], [{}, { kind: 'cancel' }]))
    expect(needsPlace(asked, 50)).toBe(true)
    expect(isRunnable(asked, 50)).toBe(false)
  })

  const early = journal([{}, { ...created, slot: 0 }])

  it('gets its place, and with a permit its first attempt', () => {
    const place = { kind: 'place', created: placed } as const
    const { leave: given } = context()
    expect(decided(early, place)).toEqual([placed, { kind: 'attempt', epoch: 1, ...given }])
    expect(decided(early, place, { leave: undefined })).toEqual([placed])
    const state = fold(
      journal([{}, { ...created, slot: 0 }, { kind: 'paused', reason }], [{}, placed]),
    )
    expect(state).toMatchObject({ created: { slot: 5 }, phase: { kind: 'queued' } })
  })

  it('gets one place only, and none once it has ended', () => {
    const place = { kind: 'place', created: { ...created, slot: 6 } } as const
    expect(decided(journal([{}, placed]), place)).toEqual([])
    expect(decided(journal([{}, { ...created, slot: 0 }, output]), place)).toEqual([])
    const twice = fold(journal([{}, placed], [{}, { ...created, slot: 6 }]))
    expect(twice.created.slot).toBe(5)
  })
})

const reason = { code: 'handler-not-found', message: 'no' }
