import type { SdkErrorCode } from './error-codes.ts'

export interface TerminalErrorOptions {
  /** The HTTP status for callers over HTTP; 500 if absent. */
  readonly status?: number | undefined
  readonly cause?: unknown
  /** A code of your own, that callers can tell failures apart by. */
  readonly code?: string | undefined
}

/**
 * A failure that is final: nothing is tried again, the invocation ends with it, and its caller gets it as a
 * `TerminalError` with the same message, code and status.
 *
 * @example throw new TerminalError('not approved', { status: 409 })
 */
export class TerminalError extends Error {
  override readonly name: string = 'TerminalError'
  readonly code: string
  readonly status: number | undefined

  constructor(message: string, options: TerminalErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = options.code ?? 'terminal'
    this.status = options.status
  }

  /** Survives two copies of this package in one bundle, where `instanceof` does not. */
  get '~terminal'(): true {
    return true
  }
}

/** Something did not come in time: `orTimeout`, a step's `timeout`, an awakeable's `heartbeat`. It is terminal. */
export class TimeoutError extends TerminalError {
  override readonly name = 'TimeoutError'

  constructor(
    message: string,
    options: {
      readonly cause?: unknown
      readonly code?: 'timeout' | 'heartbeat-timeout' | undefined
    } = {},
  ) {
    super(message, { code: 'timeout', ...options, status: 504 })
  }
}

/**
 * The invocation was cancelled: what its handler waits for rejects with this, once. After that the handler goes on
 * as ever, so that it can undo what it has done. It is terminal.
 *
 * @example
 * try { await ctx.call(shipping).send(parcel) } catch (error) {
 *   if (error instanceof CancelledError) await ctx.run('refund', () => refund(payment))
 *   throw error
 * }
 */
export class CancelledError extends TerminalError {
  override readonly name = 'CancelledError'

  constructor(
    message = 'The invocation was cancelled',
    options: { readonly cause?: unknown; readonly status?: number | undefined } = {},
  ) {
    super(message, { ...options, code: 'cancelled' })
  }
}

/** A value that cannot be stored, or a stored one that cannot be read. `path` leads to it: `$.items[2].price`. */
export class ValueError extends Error {
  override readonly name = 'ValueError'
  readonly code: 'value-unstorable' | 'value-unreadable'
  readonly path: string

  constructor(
    code: ValueError['code'],
    path: string,
    problem: string,
    options?: { readonly cause?: unknown },
  ) {
    super(`${path} ${problem}`, options)
    this.code = code
    this.path = path
  }
}

/** The library is used in a way that cannot work: a mistake in the program, found as early as possible. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly code: SdkErrorCode

  constructor(code: SdkErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

/** A stored value cannot be opened, or cannot be stored where it should go. */
export class PayloadError extends Error {
  override readonly name = 'PayloadError'
  readonly code: PayloadErrorCode

  constructor(code: PayloadErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
  }
}

export type PayloadErrorCode = Extract<SdkErrorCode, 'blobs-unreachable' | `payload-${string}`>

/** Whether `error`, which may be anything, is a value that cannot be stored or read. */
export function isValueError(error: unknown): error is ValueError {
  try {
    return error instanceof ValueError
  } catch {
    return false
  }
}

/** Whether nothing is to be tried again after `error`, which may be anything. */
export function isTerminal(error: unknown): error is TerminalError {
  try {
    return error instanceof Error && '~terminal' in error && error['~terminal'] === true
  } catch {
    return false // a proxy that refuses to be looked at
  }
}
