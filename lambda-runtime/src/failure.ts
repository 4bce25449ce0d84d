import {
  CancelledError,
  isTerminal,
  PayloadError,
  TerminalError,
  TimeoutError,
  UsageError,
  ValueError,
} from './errors.ts'
import type { Failure } from './protocol/index.ts'

const maxCauses = 8
const maxMessageLength = 4_000
const maxStackLength = 4_000
const maxCodeLength = 200

/**
 * An error as it is stored: whatever was thrown, a failure comes out of it. `fallbackCode` is the code of errors
 * that bring none of ours.
 */
export function toFailure(error: unknown, fallbackCode: string): Failure {
  return failureOf(error, codeOf(error) ?? fallbackCode, maxCauses)
}

/** The error that user code gets for a stored failure; its `cause` is the stored one's. */
export function fromFailure(failure: Failure): TerminalError {
  const cause = failure.cause === undefined ? undefined : causeOf(failure.cause)
  const error = errorFor(failure, cause)
  takeOver(error, failure)
  return error
}

function errorFor({ code, message, status }: Failure, cause: Error | undefined): TerminalError {
  if (code === 'timeout' || code === 'heartbeat-timeout') {
    return new TimeoutError(message, { cause, code })
  }
  if (code === 'cancelled') return new CancelledError(message, { cause, status })
  return new TerminalError(message, { code, status, cause })
}

function causeOf(failure: Failure): Error {
  const cause = failure.cause === undefined ? undefined : { cause: causeOf(failure.cause) }
  const error = new Error(failure.message, cause)
  define(error, 'code', failure.code)
  if (failure.status !== undefined) define(error, 'status', failure.status)
  takeOver(error, failure)
  return error
}

function takeOver(error: Error, { name, stack }: Failure): void {
  if (name !== undefined) define(error, 'name', name)
  if (stack !== undefined) define(error, 'stack', stack)
}

function define(error: Error, key: string, value: string | number): void {
  Object.defineProperty(error, key, { value, configurable: true, writable: true })
}

function failureOf(error: unknown, code: string, causesLeft: number): Failure {
  if (!isObject(error)) return { code, message: describeThrown(error) }
  const name = textOf(read(error, 'name'))
  const stack = textOf(read(error, 'stack'))
  const status = read(error, 'status')
  const cause = causesLeft > 1 ? causeIn(error) : undefined
  return {
    code,
    message: messageOf(error),
    ...(name !== undefined && { name: clip(name, 200) }),
    ...(isStatus(status) && { status }),
    ...(stack !== undefined && { stack: clip(stack, maxStackLength) }),
    ...(cause !== undefined && { cause: causeFailure(cause, code, causesLeft - 1) }),
  }
}

/** The code of a cause is information only, so that of any library will do. */
function causeFailure(cause: unknown, code: string, causesLeft: number): Failure {
  const own = isObject(cause) ? readCode(cause) : undefined
  return failureOf(cause, own ?? code, causesLeft)
}

function codeOf(error: unknown): string | undefined {
  const ours = isTerminal(error) || isOurs(error)
  return ours ? readCode(error) : undefined
}

function readCode(error: object): string | undefined {
  const code = textOf(read(error, 'code'))
  return code === undefined ? undefined : clip(code, maxCodeLength)
}

function isOurs(error: unknown): error is ValueError | UsageError | PayloadError {
  try {
    return [ValueError, UsageError, PayloadError].some((kind) => error instanceof kind)
  } catch {
    return false
  }
}

function messageOf(error: object): string {
  const message = read(error, 'message')
  return typeof message === 'string' ? clip(message, maxMessageLength) : describeThrown(error)
}

/** An aggregate's own cause, or the first of its errors. */
function causeIn(error: object): unknown {
  const cause = read(error, 'cause')
  if (cause !== undefined) return cause
  const errors = read(error, 'errors')
  return isObject(errors) ? read(errors, '0') : undefined
}

function describeThrown(thrown: unknown): string {
  if (typeof thrown === 'string') return clip(thrown, maxMessageLength)
  return `Something was thrown that is no error: ${clip(show(thrown), 500)}`
}

function show(thrown: unknown): string {
  if (typeof thrown === 'bigint') return `${thrown}n`
  if (!isObject(thrown)) return String(thrown)
  try {
    return JSON.stringify(thrown) ?? Object.prototype.toString.call(thrown)
  } catch {
    return 'an object that cannot be shown'
  }
}

/** Reading a property of something that was thrown may throw as well. */
function read(object: object, key: string): unknown {
  try {
    return Reflect.get(object, key)
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

function isStatus(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 100 && value <= 599
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`
}
