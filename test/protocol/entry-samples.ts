import type { EntryKind, EntryOf, Failure } from '../../lambda-runtime/src/protocol/index.ts'
import { deriveInvocationId } from '../../lambda-runtime/src/protocol/index.ts'

/**
 * One of each: what the goldens hold. A kind without a sample does not compile. Members stand in the order of
 * their schema, because that is the order on the wire.
 */
export const invocation = deriveInvocationId('orders', ['sample'])
const caller = deriveInvocationId('checkout', ['sample'])

export const failure: Failure = { code: 'step-failed', message: 'declined' }
export const wholeFailure: Failure = {
  code: 'terminal',
  message: 'not paid',
  name: 'TerminalError',
  status: 402,
  stack: 'TerminalError: not paid\n    at charge',
  cause: failure,
}
const sealedFailure: Failure = { code: 'terminal', message: '', sealed: 'AAECAw==' }
const promise = { workflow: 'signup', key: 'user 7/ü', name: 'email-verified' }
const handedOut = { at: 1_700_000_000_500, after: 3 }
const target = { service: 'inventory', handler: 'reserve' }

export const entries: { readonly [K in EntryKind]: readonly EntryOf<K>[] } = {
  created: [
    {
      kind: 'created',
      target: { service: 'orders', handler: 'process' },
      input: { json: { id: 'o-1', items: [{ sku: 'a', count: 2 }], note: null } },
      headers: { traceparent: '00-1-2-01' },
      origin: {
        kind: 'kafka',
        subscription: 'orders',
        topic: 'orders',
        partition: 3,
        offset: '9007199254740993',
        timestamp: 1_700_000_000_000,
        key: 'customer-7',
      },
      retentionMs: 604_800_000,
    },
    {
      kind: 'created',
      target: { service: 'cart', handler: 'add', key: 'customer 7/ü' },
      input: { void: true },
      headers: {},
      origin: { kind: 'http' },
      idempotencyKey: 'k-1',
      retentionMs: 0,
    },
    {
      kind: 'created',
      target,
      input: { rich: '[["Date","2026-01-01T00:00:00.000Z"]]' },
      headers: {},
      origin: { kind: 'call', invocation: caller, op: 4 },
      retentionMs: 1,
    },
    {
      kind: 'created',
      target,
      input: { json: 'text' },
      headers: {},
      origin: { kind: 'send', invocation: caller, op: 0 },
      retentionMs: 1,
    },
    {
      kind: 'created',
      target: { service: 'cart', handler: 'add', key: 'c-1' },
      input: { sealed: 'AAECAw==' },
      headers: {},
      origin: { kind: 'schedule', schedule: 'nightly', tick: 1_700_000_000_000 },
      retentionMs: 1,
      slot: 12,
      restartOf: {
        invocation: caller,
        kept: { seed: String(caller), at: 1_700_000_000_000 },
      },
    },
    {
      kind: 'created',
      target,
      input: { ref: 'inventory/0a1b', bytes: 300_000 },
      headers: {},
      origin: { kind: 'collected', how: 'batch', sends: 3 },
      retentionMs: 1,
      restartOf: { invocation: caller },
    },
    {
      kind: 'created',
      target,
      input: { list: [{ json: 1 }, { void: true }, { sealed: 'AAECAw==' }, { list: [] }] },
      headers: {},
      origin: { kind: 'collected', how: 'debounce', sends: 1 },
      retentionMs: 1,
    },
  ],
  attempt: [
    { kind: 'attempt', epoch: 1, deployment: 'arn:aws:lambda:eu-west-1:1:function:orders:7' },
    { kind: 'attempt', epoch: 2, deployment: 'http://127.0.0.1:9080', deadline: 1_700_000_900_000 },
  ],
  run: [
    {
      kind: 'run',
      op: 0,
      name: 'charge',
      result: { kind: 'value', value: { json: { id: 'p-1' } } },
      ...handedOut,
    },
    {
      kind: 'run',
      op: 1,
      name: 'charge',
      result: { kind: 'failure', failure: wholeFailure },
      ...handedOut,
    },
  ],
  'run-started': [{ kind: 'run-started', op: 2, name: 'charge once' }],
  'run-failed': [
    {
      kind: 'run-failed',
      op: 2,
      name: 'charge',
      tries: 1,
      since: 1_700_000_000_000,
      failure,
      retryAt: 1_700_000_060_000,
    },
  ],
  sleep: [{ kind: 'sleep', op: 3, wakeAt: 1_700_000_060_000 }],
  call: [
    { kind: 'call', op: 4, target, input: { json: 1 } },
    {
      kind: 'call',
      op: 5,
      target: { ...target, key: 'k' },
      input: { void: true },
      headers: { a: 'b' },
      idempotencyKey: 'once',
    },
  ],
  send: [
    { kind: 'send', op: 6, target, input: { json: [] } },
    {
      kind: 'send',
      op: 7,
      target,
      input: { json: null },
      headers: { a: 'b' },
      idempotencyKey: 'once',
      notBefore: 1_700_003_600_000,
    },
    {
      kind: 'send',
      op: 8,
      target,
      input: { json: 1 },
      collect: { how: 'debounce', waitMs: 5_000, maxWaitMs: 60_000 },
    },
    {
      kind: 'send',
      op: 9,
      target,
      input: { json: 1 },
      collect: { how: 'batch', maxSize: 100, waitMs: 2_000 },
    },
    {
      kind: 'send',
      op: 10,
      target,
      input: { json: 1 },
      collect: { how: 'batch', maxSize: 100, waitMs: 2_000, key: 'customer 7' },
    },
    {
      kind: 'send',
      op: 11,
      target,
      input: { json: 1 },
      collect: { how: 'debounce', waitMs: 5_000, key: 'customer 7' },
    },
  ],
  awakeable: [
    { kind: 'awakeable', op: 8 },
    { kind: 'awakeable', op: 8, heartbeatMs: 30_000, at: 1_700_000_000_000 },
  ],
  'awakeable-complete': [
    {
      kind: 'awakeable-complete',
      op: 9,
      awakeable: `${caller}.2`,
      result: { kind: 'value', value: { void: true } },
    },
  ],
  'state-get': [
    { kind: 'state-get', op: 0, name: 'items', value: { json: [] }, ...handedOut },
    { kind: 'state-get', op: 0, name: 'none', ...handedOut },
    { kind: 'state-get', op: 0, name: 'large', lazy: { slot: 4 }, ...handedOut },
  ],
  'state-keys': [{ kind: 'state-keys', op: 0, names: ['items', 'ü'], ...handedOut }],
  'state-set': [{ kind: 'state-set', op: 1, name: 'items', value: { json: [1] } }],
  'state-clear': [{ kind: 'state-clear', op: 2, name: 'items' }],
  'state-clear-all': [{ kind: 'state-clear-all', op: 3 }],
  'signal-wait': [{ kind: 'signal-wait', op: 4, name: 'approved' }],
  'signal-send': [
    {
      kind: 'signal-send',
      op: 5,
      invocation: caller,
      name: 'approved',
      value: { json: true },
    },
  ],
  'cancel-invocation': [{ kind: 'cancel-invocation', op: 6, invocation: caller }],
  attach: [{ kind: 'attach', op: 7, invocation: caller }],
  'promise-get': [{ kind: 'promise-get', op: 8, promise }],
  'promise-peek': [{ kind: 'promise-peek', op: 9, promise }],
  'promise-complete': [
    {
      kind: 'promise-complete',
      op: 10,
      promise,
      result: { kind: 'value', value: { json: 'yes' } },
    },
  ],
  completion: [
    { kind: 'completion', op: 3, result: { kind: 'value', value: { void: true } } },
    { kind: 'completion', op: 4, result: { kind: 'failure', failure } },
    { kind: 'completion', op: 5, result: { kind: 'failure', failure }, key: 'attempt-1' },
  ],
  seen: [{ kind: 'seen', op: 3, upTo: 5, ...handedOut }],
  waiter: [{ kind: 'waiter', invocation: caller, op: 4 }],
  signal: [
    { kind: 'signal', name: 'approved', value: { json: true } },
    { kind: 'signal', name: 'approved', value: { void: true }, id: `${caller}.5` },
  ],
  heartbeat: [{ kind: 'heartbeat', op: 8 }],
  cancel: [{ kind: 'cancel' }, { kind: 'cancel', reason: 'ordered twice' }],
  cancelled: [{ kind: 'cancelled', upTo: 6, spared: [4, 7], ...handedOut }],
  killed: [{ kind: 'killed' }, { kind: 'killed', reason: 'runs wild' }],
  alive: [{ kind: 'alive' }],
  suspended: [
    { kind: 'suspended', waitingOn: { kind: 'op', op: 3 } },
    {
      kind: 'suspended',
      waitingOn: { kind: 'allSettled', of: [{ kind: 'op', op: 4 }], tolerance: 2 },
    },
    {
      kind: 'suspended',
      waitingOn: {
        kind: 'race',
        of: [
          {
            kind: 'all',
            of: [
              { kind: 'op', op: 3 },
              { kind: 'op', op: 4 },
            ],
          },
          { kind: 'any', of: [] },
          { kind: 'allSettled', of: [{ kind: 'op', op: 8 }] },
          { kind: 'timer', at: 1_700_000_060_000 },
        ],
      },
    },
  ],
  'attempt-failed': [{ kind: 'attempt-failed', failure, retryAt: 1_700_000_001_000 }],
  paused: [{ kind: 'paused', reason: { code: 'non-determinism', message: 'op 3 differs' } }],
  output: [
    { kind: 'output', result: { kind: 'value', value: { json: { ok: true } } } },
    { kind: 'output', result: { kind: 'failure', failure: wholeFailure } },
    { kind: 'output', result: { kind: 'failure', failure: sealedFailure } },
  ],
}
