import { UsageError } from './errors.ts'
import type { PromiseName } from './types/promise-name.ts'

/**
 * Names a durable promise or a signal, and says what comes of it.
 *
 * @example const emailVerified = promiseName<string>('email-verified')
 * @throws UsageError `option-invalid` for an empty name
 */
export function promiseName<T>(name: string): PromiseName<T> {
  if (typeof name === 'string' && name !== '') return { name }
  throw new UsageError('option-invalid', 'A promise has a name: promiseName() was given none')
}
