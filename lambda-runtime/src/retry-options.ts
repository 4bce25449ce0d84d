import { durationToMs } from './duration.ts'
import { UsageError } from './errors.ts'
import type { RetryPolicyInput } from './protocol/index.ts'
import type { HandlerRetryOptions, RetryOptions } from './types/options.ts'

/** A retry policy with its durations in ms; what is absent is left to the default. @throws UsageError */
export function resolveRetry(options: RetryOptions | HandlerRetryOptions): RetryPolicyInput {
  const { maxAttempts, maxDuration, initialDelay, maxDelay, factor } = options
  const onExhaustion = 'onExhaustion' in options ? options.onExhaustion : undefined
  if (maxAttempts !== undefined && !(Number.isInteger(maxAttempts) && maxAttempts >= 1)) {
    throw new UsageError('option-invalid', 'retry.maxAttempts must be a whole number, at least 1')
  }
  if (factor !== undefined && !(Number.isFinite(factor) && factor >= 1)) {
    throw new UsageError('option-invalid', 'retry.factor must be a number, at least 1')
  }
  if (onExhaustion !== undefined && onExhaustion !== 'pause' && onExhaustion !== 'fail') {
    throw new UsageError('option-invalid', "retry.onExhaustion must be 'pause' or 'fail'")
  }
  return {
    ...(maxAttempts !== undefined && { maxAttempts }),
    ...(maxDuration !== undefined && { maxDurationMs: durationToMs(maxDuration) }),
    ...(initialDelay !== undefined && { initialDelayMs: durationToMs(initialDelay) }),
    ...(maxDelay !== undefined && { maxDelayMs: durationToMs(maxDelay) }),
    ...(factor !== undefined && { factor }),
    ...(onExhaustion !== undefined && { onExhaustion }),
  }
}
