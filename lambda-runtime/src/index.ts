export { object, service, workflow } from './definition.ts'
export { type SdkErrorCode, sdkErrorCodes } from './error-codes.ts'
export {
  CancelledError,
  TerminalError,
  type TerminalErrorOptions,
  TimeoutError,
  UsageError,
  ValueError,
} from './errors.ts'
export { handle, shared } from './handle.ts'
export { promiseName } from './promise-name.ts'
export { saga } from './saga.ts'
export { serde } from './serde.ts'
export type {
  Context,
  ObjectContext,
  ServiceContext,
  SharedObjectContext,
  SharedWorkflowContext,
  Step,
  WorkflowContext,
} from './types/context.ts'
export type {
  Api,
  BatchClient,
  ByName,
  Client,
  DebounceClient,
  Definition,
  Kind,
  SendClient,
  Service,
  Sink,
  To,
  ToWith,
  VirtualObject,
  Workflow,
} from './types/definition.ts'
export type {
  Awakeable,
  DurablePromise,
  Invocation,
  InvocationPromise,
  PromiseHandle,
} from './types/durable-promise.ts'
export type { Duration } from './types/duration.ts'
export type {
  ApiOf,
  Handler,
  Head,
  NoRun,
  NoThen,
  ObjectHandlers,
  Plain,
  ServiceHandlers,
  ServiceOptions,
  SharedHandler,
  UntypedState,
  WorkflowHandlers,
} from './types/handlers.ts'
export type { HandlerCall, Interceptors, RunCall } from './types/interceptors.ts'
export type { Log, LogMethod } from './types/log.ts'
export type {
  AwakeableOptions,
  BatchOptions,
  CallOptions,
  DebounceOptions,
  HandlerOptions,
  HandlerRetryOptions,
  MapOptions,
  PolicyOptions,
  RateOptions,
  RetryOptions,
  RunOptions,
  ScheduleOptions,
  SendOptions,
} from './types/options.ts'
export type { Origin } from './types/origin.ts'
export type { PayloadCodec } from './types/payload-codec.ts'
export type { PromiseName } from './types/promise-name.ts'
export type { Saga, SagaStepOptions } from './types/saga.ts'
export type { Schema, SchemaIssue, SchemaResult } from './types/schema.ts'
export type { OutputSerde, Serde } from './types/serde.ts'
