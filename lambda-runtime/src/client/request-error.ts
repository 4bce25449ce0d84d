/**
 * A request that brought no answer of a handler: it could not be sent, was refused, or took too long. `code` is one
 * of the orchestrator's (see docs/errors), or `connection-failed`, `timeout`, `http` for an answer of something else.
 */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly code: string
  /** Of the answer over HTTP, if there was one. */
  readonly status: number | undefined

  constructor(
    code: string,
    message: string,
    options: { readonly status?: number | undefined; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.status = options.status
  }
}
