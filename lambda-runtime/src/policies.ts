import { durationToMs } from './duration.ts'
import { UsageError } from './errors.ts'
import type { RetryPolicyInput } from './protocol/index.ts'
import { resolveRetry } from './retry-options.ts'
import type { HandlerOptions } from './types/options.ts'

/** A handler's options as the manifest tells them; what is absent is the orchestrator's default. */
export interface HandlerPolicies {
  readonly retry?: RetryPolicyInput
  readonly timeoutMs?: number
  readonly retentionMs?: number
  readonly private?: boolean
}

/** `owner` is named in the error. @throws UsageError `definition-invalid` */
export function resolvePolicies(owner: string, options: HandlerOptions): HandlerPolicies {
  const { retry, timeout, retention } = options
  try {
    return {
      ...(retry !== undefined && { retry: resolveRetry(retry) }),
      ...(timeout !== undefined && { timeoutMs: durationToMs(timeout) }),
      ...(retention !== undefined && { retentionMs: durationToMs(retention) }),
      ...(options.private !== undefined && { private: options.private }),
    }
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause
    throw new UsageError('definition-invalid', `${owner}: ${cause.message}`, { cause })
  }
}
