import * as v from 'valibot'
import { decodeWith, protocolVersion } from './decode.ts'
import { handlerNameSchema, serviceNameSchema } from './ids.ts'

const count = v.pipe(v.number(), v.integer(), v.minValue(0))

/** Policies as a definition states them; what is absent is the orchestrator's default. */
const retryPolicySchema = v.object({
  maxAttempts: v.exactOptional(v.number()),
  maxDurationMs: v.exactOptional(v.number()),
  initialDelayMs: v.exactOptional(v.number()),
  maxDelayMs: v.exactOptional(v.number()),
  factor: v.exactOptional(v.number()),
  onExhaustion: v.exactOptional(v.picklist(['pause', 'fail'])),
})
export type RetryPolicyInput = v.InferOutput<typeof retryPolicySchema>

/** When a handler is invoked by itself: by a cron expression in a time zone, or every so many ms. */
export const scheduleSchema = v.object({
  cron: v.exactOptional(v.string()),
  timezone: v.exactOptional(v.string()),
  everyMs: v.exactOptional(count),
  /** Ticks that were missed: the last of them is made up for, all are, or none. */
  catchUp: v.exactOptional(v.picklist(['latest', 'all', 'none'])),
})
export type ScheduleInput = v.InferOutput<typeof scheduleSchema>

const handlerOptions = {
  retry: v.exactOptional(retryPolicySchema),
  /** Longest time of one attempt, in ms. */
  timeoutMs: v.exactOptional(v.number()),
  retentionMs: v.exactOptional(v.number()),
  private: v.exactOptional(v.boolean()),
  /** An attempt that does nothing durable, and waits for nothing durable, is given up after this time. */
  inactivityMs: v.exactOptional(v.number()),
  /** How long an idempotency key is remembered, where that is longer than `retentionMs`. */
  idempotencyRetentionMs: v.exactOptional(v.number()),
  /** How many attempts may run at once, over all replicas. */
  concurrency: v.exactOptional(v.number()),
  /** A token bucket: `limit` starts per `perMs`, and at most `burst` at once. */
  rate: v.exactOptional(
    v.object({ limit: v.number(), perMs: v.number(), burst: v.exactOptional(v.number()) }),
  ),
}

/** The policies of a service or handler that are stated. */
export const policiesSchema = v.object(handlerOptions)

const manifestHandlerSchema = v.object({
  name: handlerNameSchema,
  mode: v.picklist(['exclusive', 'shared', 'workflow', 'stateless']),
  ...handlerOptions,
  schedule: v.exactOptional(scheduleSchema),
  /** Media types of input and output where they are not JSON. */
  accepts: v.exactOptional(v.string()),
  answers: v.exactOptional(v.string()),
})
export type ManifestHandler = v.InferOutput<typeof manifestHandlerSchema>

export const manifestServiceSchema = v.object({
  name: serviceNameSchema,
  kind: v.picklist(['service', 'object', 'workflow']),
  handlers: v.array(manifestHandlerSchema),
  ...handlerOptions,
})
export type ManifestService = v.InferOutput<typeof manifestServiceSchema>

/** What a deployment serves: its answer to `discover`. */
export const manifestSchema = v.object({
  protocol: v.literal(protocolVersion),
  kind: v.literal('manifest'),
  sdk: v.string(),
  services: v.array(manifestServiceSchema),
})
export type Manifest = v.InferOutput<typeof manifestSchema>

/** @throws ProtocolError */
export const decodeManifest = (input: unknown): Manifest =>
  decodeWith('manifest', manifestSchema, input)
