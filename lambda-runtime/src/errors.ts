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

/** Something did not come in time: `orTimeout`, or a step's `timeout`. It is terminal. */
export class TimeoutError extends TerminalError {
  override readonly name = 'TimeoutError'

  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, { ...options, code: 'timeout', status: 504 })
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
