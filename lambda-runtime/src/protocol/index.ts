export { decodeJsonWith, decodeWith, protocolVersion } from './decode.ts'
export {
  type Entry,
  type EntryKind,
  type EntryOf,
  entryKinds,
  entrySchema,
  type OpKind,
  type Origin,
  originSchema,
  type Target,
  targetSchema,
} from './entries.ts'
export {
  type AwakeableId,
  awakeableId,
  childInvocationId,
  deriveInvocationId,
  type InvocationId,
  invocationIdFrom,
  parseAwakeableId,
  parseInvocationId,
  serviceOf,
} from './ids.ts'
export {
  type Channel,
  type DiscoverRequest,
  decodeInvokeReply,
  decodeManifest,
  decodeRequest,
  type InvokeReply,
  type InvokeRequest,
  type Manifest,
  type ManifestService,
  manifestSchema,
  type ReplyStatus,
  type Request,
  type RetryPolicyInput,
} from './messages.ts'
export { ProtocolError } from './protocol-error.ts'
export { decodeSegment, decodeSegmentJson, type Segment } from './segment.ts'
export {
  type Failure,
  failureSchema,
  type Json,
  type Outcome,
  outcomeSchema,
  type Value,
  valueSchema,
  voidValue,
} from './values.ts'
export { isSatisfied, type OpStatus, type Waiting, waitingSchema } from './waiting.ts'
