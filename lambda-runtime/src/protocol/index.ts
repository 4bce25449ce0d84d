export { decodeJsonWith, decodeWith, protocolVersion } from './decode.ts'
export {
  type Entry,
  type EntryKind,
  type EntryOf,
  entryKinds,
  entrySchema,
  type OpKind,
} from './entries.ts'
export { httpTransport, type SignatureClaims } from './http.ts'
export {
  type AwakeableId,
  awakeableId,
  childIdFor,
  childInvocationId,
  deriveInvocationId,
  type InvocationId,
  idempotentId,
  invocationIdFrom,
  invocationIdSchema,
  keyOf,
  keySchema,
  type Owner,
  parseAwakeableId,
  parseInvocationId,
  serviceOf,
  workflowRunId,
} from './ids.ts'
export {
  decodeManifest,
  type Manifest,
  type ManifestHandler,
  type ManifestService,
  manifestSchema,
  policiesSchema,
  type RetryPolicyInput,
  type ScheduleInput,
} from './manifest.ts'
export { isName, maxNameBytes, maxStateNamesBytes, stateNameBytes } from './names.ts'
export { ProtocolError } from './protocol-error.ts'
export { decodeInvokeReply, type InvokeReply, type ReplyStatus } from './reply.ts'
export {
  type BlobChannel,
  type Channel,
  type DiscoverRequest,
  decodeRequest,
  type InvokeRequest,
  type Request,
  type RequestState,
  type StateCell,
  stateCellSchema,
} from './request.ts'
export { decodeSegment, decodeSegmentJson, type Segment } from './segment.ts'
export {
  type Collect,
  collectSchema,
  type Origin,
  originSchema,
  type PromiseRef,
  promiseRefSchema,
  type Target,
  targetSchema,
} from './targets.ts'
export {
  bytesValue,
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
