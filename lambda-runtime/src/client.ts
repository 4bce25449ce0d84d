export { connect } from './client/connection.ts'
export { RequestError } from './client/request-error.ts'
export { TerminalError, TimeoutError, UsageError, ValueError } from './errors.ts'
export type {
  Connection,
  ConnectOptions,
  OutsideAwakeable,
  OutsideCallOptions,
  OutsideClient,
  OutsideInvocation,
  OutsidePromise,
  OutsideSendClient,
  OutsideSendOptions,
  RequestOptions,
  Resolver,
  Submitted,
} from './types/client.ts'
