import { targetSchema, valueSchema } from '@fermata/lambda-runtime/protocol'
import * as v from 'valibot'

const tick = v.number()

export const timingSchema = v.variant('kind', [
  v.object({ kind: v.literal('cron'), cron: v.string(), timezone: v.string() }),
  v.object({
    kind: v.literal('every'),
    everyMs: v.pipe(v.number(), v.integer(), v.minValue(1_000)),
  }),
])
export type Timing = v.InferOutput<typeof timingSchema>

/** What a schedule is to do, as people say it. */
export const scheduleSpecSchema = v.object({
  target: targetSchema,
  input: valueSchema,
  timing: timingSchema,
  catchUp: v.picklist(['latest', 'all', 'none']),
})
export type ScheduleSpec = v.InferOutput<typeof scheduleSpecSchema>

/**
 * A schedule as the registry keeps it. A tick is made in three steps: it is claimed (`making`, and `lastTick` and
 * `nextTick` move on), its invocation is created, the claim is taken back. Ticks up to `lastTick` are never claimed again.
 */
export const scheduleDocumentSchema = v.object({
  spec: scheduleSpecSchema,
  paused: v.boolean(),
  /** Part of the ids of its invocations: a greater one makes ticks of the same time new ones. */
  generation: v.number(),
  lastTick: v.exactOptional(tick),
  /** An agenda entry for this time is durable before this document is. Absent: there is no tick any more. */
  nextTick: v.exactOptional(tick),
  /** Ticks whose invocations are being created; never empty. */
  making: v.exactOptional(v.array(tick)),
  /** It comes from the code: which deployment said so, made when (epoch ms). */
  managed: v.exactOptional(v.object({ deployment: v.string(), since: v.number() })),
  /** The code no longer has it. It is remembered, so that a replica that has not heard does not bring it back. */
  removed: v.exactOptional(v.literal(true)),
})
export type ScheduleDocument = v.InferOutput<typeof scheduleDocumentSchema>
export type Managed = NonNullable<ScheduleDocument['managed']>
