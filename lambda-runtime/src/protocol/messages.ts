import * as v from 'valibot'
import { decodeWith, protocolVersion } from './decode.ts'
import { entrySchema } from './entries.ts'
import { handlerNameSchema, invocationIdSchema, serviceNameSchema } from './ids.ts'
import { segmentSchema } from './segment.ts'
import { targetSchema } from './targets.ts'
import { failureSchema, valueSchema } from './values.ts'
import { waitingSchema } from './waiting.ts'

const count = v.pipe(v.number(), v.integer(), v.minValue(0))

/** Where values go that are too long for the journal. */
export const blobChannelSchema = v.variant('kind', [
  v.object({
    kind: v.literal('s3'),
    bucket: v.string(),
    prefix: v.string(),
    region: v.string(),
    endpoint: v.exactOptional(v.string()),
  }),
  v.object({ kind: v.literal('files'), directory: v.string() }),
])
export type BlobChannel = v.InferOutput<typeof blobChannelSchema>

/** How a running handler reaches its journal. */
export const channelSchema = v.object({
  kind: v.literal('dynamodb'),
  table: v.string(),
  region: v.string(),
  endpoint: v.exactOptional(v.string()),
  blobs: v.exactOptional(blobChannelSchema),
  /** Values over this many bytes go there. */
  blobsFrom: v.exactOptional(count),
})
export type Channel = v.InferOutput<typeof channelSchema>

/** One value of an object's state: itself, or the number of the mailbox slot whose item holds it. */
export const stateCellSchema = v.union([
  v.object({ name: v.string(), value: valueSchema }),
  v.object({ name: v.string(), slot: count, bytes: count }),
])
export type StateCell = v.InferOutput<typeof stateCellSchema>

/**
 * The state that an attempt starts from. Of an exclusive handler it is the same for all its attempts: they apply the
 * journalled changes again (INV-7). A shared handler's is a snapshot, and what it reads is journalled.
 */
export const requestStateSchema = v.object({
  access: v.picklist(['exclusive', 'shared']),
  cells: v.array(stateCellSchema),
})
export type RequestState = v.InferOutput<typeof requestStateSchema>

/** Asks a function to work on a journal. The journal's last segment is the head that the attempt starts from. */
export const invokeRequestSchema = v.object({
  protocol: v.literal(protocolVersion),
  kind: v.literal('invoke'),
  invocation: invocationIdSchema,
  target: targetSchema,
  epoch: count,
  /** Failed attempts before this one, plus one. */
  attempt: count,
  journal: v.array(segmentSchema),
  /** Set when the journal is too long to be sent: segments `1..journalFrom-1` are left out; the handler reads them itself. */
  journalFrom: v.exactOptional(count),
  /** How long the handler may wait for something that is not durable, with no step executing, in ms. */
  inactivityMs: v.exactOptional(count),
  /** Epoch ms at which the journal expires: segments that the handler appends carry it. */
  expires: v.number(),
  /** For handlers of objects and workflows. */
  state: v.exactOptional(requestStateSchema),
  channel: channelSchema,
})
export type InvokeRequest = v.InferOutput<typeof invokeRequestSchema>

export const discoverRequestSchema = v.object({
  protocol: v.literal(protocolVersion),
  kind: v.literal('discover'),
})
export type DiscoverRequest = v.InferOutput<typeof discoverRequestSchema>

export const requestSchema = v.variant('kind', [invokeRequestSchema, discoverRequestSchema])
export type Request = v.InferOutput<typeof requestSchema>

/** How an attempt ended. All but `fenced` and `appended` become the end entry that the orchestrator appends. */
export const replyStatusSchema = v.variant('kind', [
  v.object({ kind: v.literal('suspended'), waitingOn: waitingSchema }),
  v.object({ kind: v.literal('completed'), value: valueSchema }),
  v.object({ kind: v.literal('failed'), failure: failureSchema }),
  /** The handler threw something that is not terminal: try again by policy. */
  v.object({ kind: v.literal('retry'), failure: failureSchema }),
  /** It cannot go on without a person: its code and its journal differ. */
  v.object({ kind: v.literal('paused'), failure: failureSchema }),
  /** A newer attempt or a twin owns the journal. */
  v.object({ kind: v.literal('fenced') }),
  /** The handler appended its last segment, end entry included, itself. */
  v.object({ kind: v.literal('appended') }),
])
export type ReplyStatus = v.InferOutput<typeof replyStatusSchema>

/**
 * A handler's answer. `entries` are those it has not appended; they are stored only if `base` is the last
 * handler segment of this epoch and that segment is `writer`'s (`null`: there is none).
 */
export const invokeReplySchema = v.object({
  protocol: v.literal(protocolVersion),
  kind: v.literal('reply'),
  invocation: invocationIdSchema,
  epoch: count,
  writer: v.string(),
  base: v.nullable(count),
  entries: v.array(entrySchema),
  status: replyStatusSchema,
})
export type InvokeReply = v.InferOutput<typeof invokeReplySchema>

/** Policies as a definition states them; what is absent is the orchestrator's default. */
export const retryPolicySchema = v.object({
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
export const decodeRequest = (input: unknown): Request =>
  decodeWith('request', requestSchema, input)
/** @throws ProtocolError */
export const decodeInvokeReply = (input: unknown): InvokeReply =>
  decodeWith('reply', invokeReplySchema, input)
/** @throws ProtocolError */
export const decodeManifest = (input: unknown): Manifest =>
  decodeWith('manifest', manifestSchema, input)
