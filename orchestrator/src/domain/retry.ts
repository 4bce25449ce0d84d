/** A retry policy with nothing left open. Times in ms. */
export type RetryPolicy = {
  readonly initialDelayMs: number
  readonly factor: number
  readonly maxDelayMs: number
  /** Attempts in all, the first included. */
  readonly maxAttempts: number
  /** From the first failure on. */
  readonly maxDurationMs: number
  /** Share of the delay that chance may take away: 0.2 gives 80–100 %. */
  readonly jitter: number
  readonly onExhaustion: 'pause' | 'fail'
}

export type RetryDecision =
  | { readonly kind: 'retry'; readonly delayMs: number }
  | { readonly kind: 'exhausted' }

/** What to do after the `failures`-th failure in a row. `chance` is uniform in [0, 1). */
export function decideRetry(
  policy: RetryPolicy,
  failures: number,
  failingForMs: number,
  chance: number,
): RetryDecision {
  if (failures >= policy.maxAttempts) return { kind: 'exhausted' }
  const full = policy.initialDelayMs * policy.factor ** (failures - 1)
  const delayMs = Math.round(Math.min(full, policy.maxDelayMs) * (1 - policy.jitter * chance))
  if (failingForMs + delayMs > policy.maxDurationMs) return { kind: 'exhausted' }
  return { kind: 'retry', delayMs }
}

/** Fills a policy that a definition states in part. Earlier layers win. */
export function resolveRetry(
  layers: readonly Partial<RetryPolicy>[],
  defaults: RetryPolicy,
): RetryPolicy {
  return Object.assign({ ...defaults }, ...layers.toReversed())
}
