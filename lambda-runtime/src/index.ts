export { handle, service } from './definition.ts'
export { type SdkErrorCode, sdkErrorCodes } from './error-codes.ts'
export {
  TerminalError,
  type TerminalErrorOptions,
  TimeoutError,
  UsageError,
  ValueError,
} from './errors.ts'
export type { Context, ServiceContext, Step } from './types/context.ts'
export type {
  Api,
  ByName,
  Client,
  Definition,
  Kind,
  SendClient,
  Service,
  Sink,
  To,
} from './types/definition.ts'
export type {
  Awakeable,
  DurablePromise,
  Invocation,
  InvocationPromise,
} from './types/durable-promise.ts'
export type { Duration } from './types/duration.ts'
export type {
  ApiOf,
  Handler,
  Head,
  Plain,
  ServiceHandlers,
  ServiceOptions,
} from './types/handlers.ts'
export type { HandlerCall, Interceptors, RunCall } from './types/interceptors.ts'
export type { Log, LogMethod } from './types/log.ts'
export type {
  CallOptions,
  HandlerOptions,
  HandlerRetryOptions,
  RetryOptions,
  RunOptions,
  SendOptions,
} from './types/options.ts'
export type { Origin } from './types/origin.ts'
export type { Schema, SchemaIssue, SchemaResult } from './types/schema.ts'
