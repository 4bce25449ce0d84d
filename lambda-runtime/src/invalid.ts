import { UsageError } from './errors.ts'

/** A definition that cannot work. */
export function invalid(message: string, cause?: unknown): UsageError {
  return new UsageError('definition-invalid', message, cause === undefined ? {} : { cause })
}
