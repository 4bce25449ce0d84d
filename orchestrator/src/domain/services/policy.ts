import type { RetryPolicyInput } from '@fermata/lambda-runtime/protocol'
import { type RetryPolicy, resolveRetry } from '../retry.ts'
import type { Rate } from '../token-bucket.ts'

/** How a handler is run, with all layers put together. */
export type HandlerPolicy = {
  readonly retry: RetryPolicy
  /** Longest time of one attempt. */
  readonly timeoutMs: number
  readonly retentionMs: number
  readonly private: boolean
  /** An attempt that does nothing, and waits for nothing durable, gives itself up after this time. */
  readonly inactivityMs?: number
  /** For invocations with an idempotency key, where that is longer than `retentionMs`. */
  readonly idempotencyRetentionMs?: number
  /** Attempts that may run at once, over all replicas. */
  readonly concurrency?: number
  /** Starts, over all replicas. */
  readonly rate?: Rate
}

/** What one layer says of it: code or an override, of a service or of a handler. What is absent is left to the layer below. */
export type PolicyLayer = {
  readonly retry?: RetryPolicyInput
  readonly timeoutMs?: number
  readonly retentionMs?: number
  readonly private?: boolean
  readonly inactivityMs?: number
  readonly idempotencyRetentionMs?: number
  readonly concurrency?: number
  readonly rate?: { readonly limit: number; readonly perMs: number; readonly burst?: number }
}

/** A change of a layer: `null` takes away what the layer says, what is absent stays as it is. */
export type PolicyPatch = {
  readonly [Name in Exclude<keyof PolicyLayer, 'retry'>]?: PolicyLayer[Name] | null
} & {
  readonly retry?:
    | { readonly [Name in keyof RetryPolicyInput]?: RetryPolicyInput[Name] | null }
    | null
}

/** Puts layers together; later ones win, each field by itself, of `retry` too. */
export function resolvePolicy(
  layers: readonly PolicyLayer[],
  defaults: HandlerPolicy,
): HandlerPolicy {
  const stated: PolicyLayer = Object.assign({}, ...layers)
  const { retry: _retry, rate, ...rest } = stated
  return {
    ...defaults,
    ...rest,
    ...(rate !== undefined && { rate: { ...rate, burst: rate.burst ?? rate.limit } }),
    retry: resolveRetry(layers.map(({ retry }) => retry ?? {}).toReversed(), defaults.retry),
  }
}

/** The layer after a change (RFC 7396, a merge patch). */
export function patchLayer(layer: PolicyLayer, { retry, ...patch }: PolicyPatch): PolicyLayer {
  const { retry: before, ...rest } = layer
  const merged = retry === null ? {} : merge(before ?? {}, retry ?? {})
  return {
    ...merge(rest, patch),
    ...(Object.keys(merged).length > 0 && { retry: merged }),
  }
}

/** How long the journal of a new invocation is kept. */
export function retentionOf(
  { retentionMs, idempotencyRetentionMs = 0 }: HandlerPolicy,
  { hasKey, atLeastMs }: { readonly hasKey: boolean; readonly atLeastMs: number },
): number {
  return Math.max(retentionMs, atLeastMs, hasKey ? idempotencyRetentionMs : 0)
}

function merge<T extends object>(
  before: T,
  patch: { readonly [Name in keyof T]?: T[Name] | null },
): T {
  const entries = Object.entries({ ...before, ...patch })
  return Object.fromEntries(entries.filter(([, value]) => value !== null)) as T
}
