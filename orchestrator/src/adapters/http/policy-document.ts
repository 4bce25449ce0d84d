import * as v from 'valibot'
import { durationSchema } from '../../domain/duration.ts'
import type { HandlerPolicy, PolicyLayer, PolicyPatch } from '../../domain/services/policy.ts'
import type { HandlerView, ServiceView } from '../../ports/index.ts'
import { closed } from './validation.ts'

const countMessage = 'expected a whole number, at least 1'
const count = v.pipe(v.number(countMessage), v.integer(countMessage), v.minValue(1, countMessage))
const factorMessage = 'expected a number, at least 1'
const positiveDuration = v.pipe(durationSchema, v.minValue(1, 'expected more than no time'))

/** `null` takes away what was set. */
function settable<S extends v.GenericSchema>(schema: S) {
  return v.exactOptional(v.nullable(schema))
}

const retrySchema = v.pipe(
  closed({
    maxAttempts: settable(count),
    maxDuration: settable(positiveDuration),
    initialDelay: settable(durationSchema),
    maxDelay: settable(durationSchema),
    factor: settable(v.pipe(v.number(factorMessage), v.minValue(1, factorMessage))),
    onExhaustion: settable(v.picklist(['pause', 'fail'], 'expected "pause" or "fail"')),
  }),
  v.transform(({ maxDuration, initialDelay, maxDelay, ...retry }) => ({
    ...retry,
    ...(maxDuration !== undefined && { maxDurationMs: maxDuration }),
    ...(initialDelay !== undefined && { initialDelayMs: initialDelay }),
    ...(maxDelay !== undefined && { maxDelayMs: maxDelay }),
  })),
)

const rateSchema = v.pipe(
  closed({ limit: count, per: positiveDuration, burst: v.exactOptional(count) }),
  v.transform(({ limit, per, burst }) => ({
    limit,
    perMs: per,
    ...(burst !== undefined && { burst }),
  })),
)

/** Policies as operators write them: a merge patch, its durations as text or ms. */
export const policyDocumentSchema = v.nullable(
  v.pipe(
    closed({
      retry: settable(retrySchema),
      timeout: settable(positiveDuration),
      inactivityTimeout: settable(positiveDuration),
      retention: settable(positiveDuration),
      idempotencyRetention: settable(positiveDuration),
      concurrency: settable(count),
      rate: settable(rateSchema),
      private: settable(v.boolean('expected true or false')),
    }),
    v.transform(
      ({ timeout, inactivityTimeout, retention, idempotencyRetention, ...rest }): PolicyPatch => ({
        ...rest,
        ...(timeout !== undefined && { timeoutMs: timeout }),
        ...(inactivityTimeout !== undefined && { inactivityMs: inactivityTimeout }),
        ...(retention !== undefined && { retentionMs: retention }),
        ...(idempotencyRetention !== undefined && { idempotencyRetentionMs: idempotencyRetention }),
      }),
    ),
  ),
)

/** A service as it is shown: policies by the names that operators write, all durations in ms. */
export function serviceView({ name, kind, handlers, overrides }: ServiceView) {
  return { name, kind, handlers: handlers.map(handlerView), overrides: policyView(overrides) }
}

function handlerView({ name, mode, deployment, policy, overrides }: HandlerView) {
  return {
    name,
    mode,
    deployment,
    policy: policyView(policy),
    overrides: policyView(overrides),
  }
}

/** What is unlimited, or not said, is not there. */
function policyView({
  retry,
  timeoutMs,
  inactivityMs,
  retentionMs,
  idempotencyRetentionMs,
  concurrency,
  rate,
  private: isPrivate,
}: HandlerPolicy | PolicyLayer) {
  return {
    ...(retry !== undefined && { retry: retryView(retry) }),
    timeout: timeoutMs,
    inactivityTimeout: inactivityMs,
    retention: retentionMs,
    idempotencyRetention: idempotencyRetentionMs,
    concurrency,
    ...(rate !== undefined && { rate: { limit: rate.limit, per: rate.perMs, burst: rate.burst } }),
    private: isPrivate,
  }
}

function retryView(retry: NonNullable<PolicyLayer['retry']>) {
  const { maxAttempts, maxDurationMs, initialDelayMs, maxDelayMs, factor, onExhaustion } = retry
  const isLimited = maxDurationMs !== undefined && Number.isFinite(maxDurationMs)
  return {
    maxAttempts,
    ...(isLimited && { maxDuration: maxDurationMs }),
    initialDelay: initialDelayMs,
    maxDelay: maxDelayMs,
    factor,
    onExhaustion,
  }
}
