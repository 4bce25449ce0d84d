import { TerminalError, ValueError } from '../errors.ts'
import type { Value } from '../protocol/index.ts'
import { encodeValue } from '../values.ts'

/** Encodes now: what the caller does to the value afterwards changes nothing. @throws TerminalError */
export function storable(value: unknown): Value {
  try {
    return encodeValue(value)
  } catch (cause) {
    if (!(cause instanceof ValueError)) throw cause
    throw new TerminalError(cause.message, { code: cause.code, cause })
  }
}
