import * as v from 'valibot'
import { decodeWith, protocolVersion } from './decode.ts'
import { invocationIdSchema } from './ids.ts'
import { segmentSchema } from './segment.ts'
import { targetSchema } from './targets.ts'
import { valueSchema } from './values.ts'

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

/** @throws ProtocolError */
export const decodeRequest = (input: unknown): Request =>
  decodeWith('request', requestSchema, input)
