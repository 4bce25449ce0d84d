import * as v from 'valibot'
import { invocationIdSchema } from './ids.ts'
import { collectSchema, originSchema, promiseRefSchema, targetSchema } from './targets.ts'
import { failureSchema, outcomeSchema, valueSchema } from './values.ts'
import { waitingSchema } from './waiting.ts'

const count = v.pipe(v.number(), v.integer(), v.minValue(0))
const headersSchema = v.record(v.string(), v.string())

/** A durable timestamp and op count at a hand-out: `ctx.now()` answers `at`; replay waits for `after` ops. */
const handedOut = { at: v.number(), after: count }

const entrySchemas = {
  created: v.object({
    kind: v.literal('created'),
    target: targetSchema,
    input: valueSchema,
    headers: headersSchema,
    origin: originSchema,
    idempotencyKey: v.exactOptional(v.string()),
    /** Epoch ms before which it does not start: a delayed send. */
    notBefore: v.exactOptional(v.number()),
    /** How long the journal is kept, from its last re-stamp, in ms. */
    retentionMs: count,
    /** Its place in the mailbox of its object or workflow, where it is exclusive. */
    slot: v.exactOptional(count),
    /**
     * It does another one's work again. `kept`: the segments before this entry hold the beginning of a journal, whose
     * handler drew its random numbers from `seed` and began at `at` (epoch ms).
     */
    restartOf: v.exactOptional(
      v.object({
        invocation: invocationIdSchema,
        kept: v.exactOptional(v.object({ seed: v.string(), at: v.number() })),
      }),
    ),
  }),
  attempt: v.object({
    kind: v.literal('attempt'),
    epoch: count,
    deployment: v.string(),
    /** Epoch ms by which the orchestrator gives this attempt up. */
    deadline: v.exactOptional(v.number()),
  }),
  run: v.object({
    kind: v.literal('run'),
    op: count,
    name: v.string(),
    result: outcomeSchema,
    ...handedOut,
  }),
  /**
   * A step is about to start, and no result that is not handed out yet comes before it. Without `again` it runs at
   * most once: it is never started a second time.
   */
  'run-started': v.object({
    kind: v.literal('run-started'),
    op: count,
    name: v.string(),
    again: v.exactOptional(v.literal(true)),
  }),
  /** A step failed and is tried again not before `retryAt` (epoch ms). `tries` counts the failed ones; `since` is when the first began. */
  'run-failed': v.object({
    kind: v.literal('run-failed'),
    op: count,
    name: v.string(),
    tries: count,
    since: v.number(),
    failure: failureSchema,
    retryAt: v.number(),
  }),
  sleep: v.object({ kind: v.literal('sleep'), op: count, wakeAt: v.number() }),
  call: v.object({
    kind: v.literal('call'),
    op: count,
    target: targetSchema,
    input: valueSchema,
    headers: v.exactOptional(headersSchema),
    idempotencyKey: v.exactOptional(v.string()),
  }),
  send: v.object({
    kind: v.literal('send'),
    op: count,
    target: targetSchema,
    input: valueSchema,
    headers: v.exactOptional(headersSchema),
    idempotencyKey: v.exactOptional(v.string()),
    /** Epoch ms before which it does not start. */
    notBefore: v.exactOptional(v.number()),
    collect: v.exactOptional(collectSchema),
  }),
  /** `heartbeatMs`: it fails when nobody completes it or shows a sign of life for so long. `at`: when it was made, epoch ms. */
  awakeable: v.object({
    kind: v.literal('awakeable'),
    op: count,
    heartbeatMs: v.exactOptional(count),
    at: v.exactOptional(v.number()),
  }),
  /** Completes another invocation's awakeable; it is an op without a result. */
  'awakeable-complete': v.object({
    kind: v.literal('awakeable-complete'),
    op: count,
    awakeable: v.string(),
    result: outcomeSchema,
  }),
  /**
   * What `get` answered where it cannot be told again from the object's state: to a shared handler, and for
   * a value that was not sent along. No `value` and no `lazy`: there was none. `lazy`: the item that holds it.
   */
  'state-get': v.object({
    kind: v.literal('state-get'),
    op: count,
    name: v.string(),
    value: v.exactOptional(valueSchema),
    lazy: v.exactOptional(v.object({ slot: count })),
    ...handedOut,
  }),
  'state-keys': v.object({
    kind: v.literal('state-keys'),
    op: count,
    names: v.array(v.string()),
    ...handedOut,
  }),
  /** Changes of the object's state: they count when the invocation is over, or suspended (INV-7). */
  'state-set': v.object({
    kind: v.literal('state-set'),
    op: count,
    name: v.string(),
    value: valueSchema,
  }),
  'state-clear': v.object({ kind: v.literal('state-clear'), op: count, name: v.string() }),
  'state-clear-all': v.object({ kind: v.literal('state-clear-all'), op: count }),
  /** The k-th wait for a name gets the k-th signal of that name. */
  'signal-wait': v.object({ kind: v.literal('signal-wait'), op: count, name: v.string() }),
  'signal-send': v.object({
    kind: v.literal('signal-send'),
    op: count,
    invocation: invocationIdSchema,
    name: v.string(),
    value: valueSchema,
  }),
  'cancel-invocation': v.object({
    kind: v.literal('cancel-invocation'),
    op: count,
    invocation: invocationIdSchema,
  }),
  /** Waits for another invocation's output. */
  attach: v.object({ kind: v.literal('attach'), op: count, invocation: invocationIdSchema }),
  'promise-get': v.object({
    kind: v.literal('promise-get'),
    op: count,
    promise: promiseRefSchema,
  }),
  /** Its completion is the promise's outcome, or `undefined` where it has none. */
  'promise-peek': v.object({
    kind: v.literal('promise-peek'),
    op: count,
    promise: promiseRefSchema,
  }),
  /** Its completion is `true` where this was the first, else `false`. */
  'promise-complete': v.object({
    kind: v.literal('promise-complete'),
    op: count,
    promise: promiseRefSchema,
    result: outcomeSchema,
  }),
  /** News from outside for op `op`. Of two for one op the first in the log counts. */
  completion: v.object({
    kind: v.literal('completion'),
    op: count,
    result: outcomeSchema,
    /** Who brought it from outside: asking again with this key is no second completion. */
    key: v.exactOptional(v.string()),
  }),
  /**
   * The completion of `op` was handed to user code here. `upTo` is the greatest segment that the handler had
   * taken in: replay hands outside news over at this marker, not where the news stands (INV-4).
   */
  seen: v.object({ kind: v.literal('seen'), op: count, upTo: count, ...handedOut }),
  /** Another invocation's op waits for this one's output: a call that found it by idempotency key. */
  waiter: v.object({ kind: v.literal('waiter'), invocation: invocationIdSchema, op: count }),
  /** `id`: of two signals with one id the first counts. */
  signal: v.object({
    kind: v.literal('signal'),
    name: v.string(),
    value: valueSchema,
    id: v.exactOptional(v.string()),
  }),
  /** The holder of the awakeable `op` is still at it. */
  heartbeat: v.object({ kind: v.literal('heartbeat'), op: count }),
  /** The invocation is to end: its handler gets a CancelledError, once. */
  cancel: v.object({ kind: v.literal('cancel'), reason: v.exactOptional(v.string()) }),
  /**
   * The CancelledError was handed out here, to all that the handler awaited but for what holds one of the `spared`
   * steps: those were executing, and their results count.
   */
  cancelled: v.object({
    kind: v.literal('cancelled'),
    upTo: count,
    spared: v.array(count),
    ...handedOut,
  }),
  /** It was ended by force; an `output` follows in the same segment. */
  killed: v.object({ kind: v.literal('killed'), reason: v.exactOptional(v.string()) }),
  alive: v.object({ kind: v.literal('alive') }),
  suspended: v.object({ kind: v.literal('suspended'), waitingOn: waitingSchema }),
  'attempt-failed': v.object({
    kind: v.literal('attempt-failed'),
    failure: failureSchema,
    /** Epoch ms of the next attempt. */
    retryAt: v.number(),
  }),
  paused: v.object({ kind: v.literal('paused'), reason: failureSchema }),
  output: v.object({ kind: v.literal('output'), result: outcomeSchema }),
} as const

type EntrySchemas = typeof entrySchemas
export type EntryKind = keyof EntrySchemas
export type EntryOf<K extends EntryKind> = v.InferOutput<EntrySchemas[K]>
export type Entry = { [K in EntryKind]: EntryOf<K> }[EntryKind]

export const entryKinds: readonly EntryKind[] = Object.keys(entrySchemas) as EntryKind[]

export const entrySchema = v.variant('kind', [
  entrySchemas.created,
  entrySchemas.attempt,
  entrySchemas.run,
  entrySchemas['run-started'],
  entrySchemas['run-failed'],
  entrySchemas.sleep,
  entrySchemas.call,
  entrySchemas.send,
  entrySchemas.awakeable,
  entrySchemas['awakeable-complete'],
  entrySchemas['state-get'],
  entrySchemas['state-keys'],
  entrySchemas['state-set'],
  entrySchemas['state-clear'],
  entrySchemas['state-clear-all'],
  entrySchemas['signal-wait'],
  entrySchemas['signal-send'],
  entrySchemas['cancel-invocation'],
  entrySchemas.attach,
  entrySchemas['promise-get'],
  entrySchemas['promise-peek'],
  entrySchemas['promise-complete'],
  entrySchemas.completion,
  entrySchemas.seen,
  entrySchemas.waiter,
  entrySchemas.signal,
  entrySchemas.heartbeat,
  entrySchemas.cancel,
  entrySchemas.cancelled,
  entrySchemas.killed,
  entrySchemas.alive,
  entrySchemas.suspended,
  entrySchemas['attempt-failed'],
  entrySchemas.paused,
  entrySchemas.output,
])

/** Ops that user code issues through `ctx`, each with its number, in call order. */
export type OpKind =
  | 'run'
  | 'sleep'
  | 'call'
  | 'send'
  | 'awakeable'
  | 'awakeable-complete'
  | 'state-get'
  | 'state-keys'
  | 'state-set'
  | 'state-clear'
  | 'state-clear-all'
  | 'signal-wait'
  | 'signal-send'
  | 'cancel-invocation'
  | 'attach'
  | 'promise-get'
  | 'promise-peek'
  | 'promise-complete'
