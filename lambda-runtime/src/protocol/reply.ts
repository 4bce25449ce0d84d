import * as v from 'valibot'
import { decodeWith, protocolVersion } from './decode.ts'
import { entrySchema } from './entries.ts'
import { invocationIdSchema } from './ids.ts'
import { failureSchema, valueSchema } from './values.ts'
import { waitingSchema } from './waiting.ts'

const count = v.pipe(v.number(), v.integer(), v.minValue(0))

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

/** @throws ProtocolError */
export const decodeInvokeReply = (input: unknown): InvokeReply =>
  decodeWith('reply', invokeReplySchema, input)
