import * as v from 'valibot'
import { handlerNameSchema, invocationIdSchema, keySchema, serviceNameSchema } from './ids.ts'

const count = v.pipe(v.number(), v.integer(), v.minValue(0))

/** Whom an invocation is for. `key` is for objects and workflows. */
export const targetSchema = v.object({
  service: serviceNameSchema,
  handler: handlerNameSchema,
  key: v.exactOptional(keySchema),
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
  /** `tick`: the time that it was due at, epoch ms. */
  v.object({ kind: v.literal('schedule'), schedule: v.string(), tick: v.number() }),
  /** Several sends to one key, put together: the last of them, or all. */
  v.object({
    kind: v.literal('collected'),
    how: v.picklist(['debounce', 'batch']),
    sends: count,
  }),
])
export type Origin = v.InferOutput<typeof originSchema>

/** Which durable promise: those of a workflow's key have names of their own. */
export const promiseRefSchema = v.object({
  workflow: serviceNameSchema,
  key: keySchema,
  name: v.string(),
})
export type PromiseRef = v.InferOutput<typeof promiseRefSchema>

const collectKey = { key: v.exactOptional(keySchema) }

/** How sends to one handler and key are put together. All in ms. `key`: of those to a service, which has none itself. */
export const collectSchema = v.variant('how', [
  /** Only the last send counts, when none has followed it for `waitMs`, or at the latest `maxWaitMs` after the first. */
  v.object({
    how: v.literal('debounce'),
    waitMs: count,
    maxWaitMs: v.exactOptional(count),
    ...collectKey,
  }),
  /** All of them go as one list, when there are `maxSize` or `waitMs` after the first. */
  v.object({ how: v.literal('batch'), maxSize: count, waitMs: count, ...collectKey }),
])
export type Collect = v.InferOutput<typeof collectSchema>
