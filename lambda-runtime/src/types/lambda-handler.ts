import type { Interceptors } from './interceptors.ts'
import type { PayloadCodec } from './payload-codec.ts'

/** What a middleware of middy sees. Structural on purpose: no type of middy or of AWS shows in this package. */
export interface MiddlewareRequest {
  /** The orchestrator's request, not a business event. */
  event: unknown
  readonly context: unknown
  response: unknown
  error: Error | null | undefined
  internal: Record<string, unknown>
}

export interface Middleware {
  before?(request: MiddlewareRequest): unknown
  after?(request: MiddlewareRequest): unknown
  onError?(request: MiddlewareRequest): unknown
}

/** What a Lambda function exports as its handler. */
export interface LambdaHandler {
  (event: unknown, context: unknown): Promise<unknown>
  /**
   * Adds middlewares of middy. They wrap one *attempt*: an invocation that suspends and resumes passes through
   * them several times, `event` is the orchestrator's request and `response` the reply to it, with `status` and
   * journal entries. For what should go around a handler or a step, take `around`.
   */
  use(middleware: Middleware | readonly Middleware[]): LambdaHandler
  /** Goes around the handlers and steps of all services here; those of a service's own `around` lie within. */
  around(interceptors: Interceptors): LambdaHandler
  /** Seals what is stored, and opens it. Without one the keys in `FERMATA_PAYLOAD_KEYS` do, if there are any. */
  codec(codec: PayloadCodec): LambdaHandler
}
