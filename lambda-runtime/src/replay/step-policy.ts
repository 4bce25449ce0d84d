import { durationToMs } from '../duration.ts'
import { resolveRetry } from '../retry-options.ts'
import type { RunOptions } from '../types/options.ts'

/** How often and when a step is tried; times in ms. */
export type StepRetry = {
  readonly maxAttempts: number
  readonly maxDurationMs: number
  readonly initialDelayMs: number
  readonly maxDelayMs: number
  readonly factor: number
}

export type ResolvedRunOptions = {
  readonly retry: StepRetry
  readonly timeoutMs: number | undefined
  readonly atMostOnce: boolean
}

/** A step is tried until it succeeds, unless the user says otherwise: an outage is no reason to lose work. */
const defaultRetry: StepRetry = {
  maxAttempts: Number.POSITIVE_INFINITY,
  maxDurationMs: Number.POSITIVE_INFINITY,
  initialDelayMs: 200,
  maxDelayMs: 60_000,
  factor: 2,
}

/** @throws UsageError */
export function resolveRunOptions(options: RunOptions = {}): ResolvedRunOptions {
  const { retry, timeout, atMostOnce = false } = options
  return {
    retry: { ...defaultRetry, ...(retry === undefined ? {} : resolveRetry(retry)) },
    timeoutMs: timeout === undefined ? undefined : durationToMs(timeout),
    atMostOnce,
  }
}

export type FailedTries = {
  readonly tries: number
  /** When the first of them began, epoch ms. */
  readonly since: number
  readonly now: number
  /** Uniform in [0, 1). */
  readonly chance: number
}

/** When to try again (epoch ms); `undefined`: no more. */
export function nextTryAt(retry: StepRetry, failed: FailedTries): number | undefined {
  if (failed.tries >= retry.maxAttempts) return undefined
  const backoff = Math.min(
    retry.initialDelayMs * retry.factor ** (failed.tries - 1),
    retry.maxDelayMs,
  )
  const at = failed.now + Math.round(backoff * (0.5 + failed.chance / 2))
  return at > failed.since + retry.maxDurationMs ? undefined : at
}
