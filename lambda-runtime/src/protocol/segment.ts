import * as v from 'valibot'
import { decodeJsonWith, decodeWith, protocolVersion } from './decode.ts'
import { type Entry, entrySchema } from './entries.ts'

const count = v.pipe(v.number(), v.integer(), v.minValue(0))

/**
 * One append to a journal: one item, written once and never changed (INV-1).
 *
 * `by` tells whose entries these are; a segment made from a reply is the handler's, whoever stored it.
 * `writer` is a nonce: of the attempt's process for a handler's segment, of the append for the others.
 * `born` names the journal's life: a segment whose `born` differs from segment 0's belongs to an expired one.
 * `carried` is the watermark up to which the effects of earlier segments are known to be carried out.
 */
export const segmentSchema = v.object({
  protocol: v.literal(protocolVersion),
  n: count,
  born: v.string(),
  epoch: count,
  by: v.picklist(['handler', 'orchestrator']),
  writer: v.string(),
  /** Epoch ms on the writer's clock. */
  at: v.number(),
  carried: v.exactOptional(count),
  entries: v.array(entrySchema),
})
export type Segment = Omit<v.InferOutput<typeof segmentSchema>, 'entries'> & {
  readonly entries: readonly Entry[]
}

/** @throws ProtocolError */
export function decodeSegment(input: unknown): Segment {
  return decodeWith('journal segment', segmentSchema, input)
}

/** @throws ProtocolError */
export function decodeSegmentJson(text: string): Segment {
  return decodeJsonWith('journal segment', segmentSchema, text)
}
