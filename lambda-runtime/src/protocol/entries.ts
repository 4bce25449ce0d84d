import * as v from 'valibot'
import { handlerNameSchema, invocationIdSchema, serviceNameSchema } from './ids.ts'
import { failureSchema, outcomeSchema, valueSchema } from './values.ts'
import { waitingSchema } from './waiting.ts'

const count = v.pipe(v.number(), v.integer(), v.minValue(0))
const headersSchema = v.record(v.string(), v.string())

/** Whom an invocation is for. `key` is for objects and workflows. */
export const targetSchema = v.object({
  service: serviceNameSchema,
  handler: handlerNameSchema,
  key: v.exactOptional(v.string()),
})
export type Target = v.InferOutput<typeof targetSchema>

/** Where an invocation came from. Offsets are decimal text: they outgrow a double. Times are epoch ms. */
export const originSchema = v.variant('kind', [
  v.object({
    kind: v.literal('kafka'),
    subscription: v.string(),
    topic: v.string(),
    partition: count,
    offset: v.string(),
    timestamp: v.number(),
    key: v.exactOptional(v.string()),
  }),
  v.object({ kind: v.literal('http') }),
  v.object({ kind: v.literal('call'), invocation: invocationIdSchema, op: count }),
  v.object({ kind: v.literal('send'), invocation: invocationIdSchema, op: count }),
])
export type Origin = v.InferOutput<typeof originSchema>

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
  }),
  awakeable: v.object({ kind: v.literal('awakeable'), op: count }),
  /** Completes another invocation's awakeable; it is an op without a result. */
  'awakeable-complete': v.object({
    kind: v.literal('awakeable-complete'),
    op: count,
    awakeable: v.string(),
    result: outcomeSchema,
  }),
  /** News from outside for op `op`. Of two for one op the first in the log counts. */
  completion: v.object({ kind: v.literal('completion'), op: count, result: outcomeSchema }),
  /**
   * The completion of `op` was handed to user code here. `upTo` is the greatest segment that the handler had
   * taken in: replay hands outside news over at this marker, not where the news stands (INV-4).
   */
  seen: v.object({ kind: v.literal('seen'), op: count, upTo: count, ...handedOut }),
  /** Another invocation's op waits for this one's output: a call that found it by idempotency key. */
  waiter: v.object({ kind: v.literal('waiter'), invocation: invocationIdSchema, op: count }),
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
  entrySchemas.completion,
  entrySchemas.seen,
  entrySchemas.waiter,
  entrySchemas.alive,
  entrySchemas.suspended,
  entrySchemas['attempt-failed'],
  entrySchemas.paused,
  entrySchemas.output,
])

/** Ops that user code issues through `ctx`, each with its number, in call order. */
export type OpKind = 'run' | 'sleep' | 'call' | 'send' | 'awakeable' | 'awakeable-complete'
