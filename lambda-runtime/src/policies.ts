import { durationToMs } from './duration.ts'
import { UsageError } from './errors.ts'
import { invalid } from './invalid.ts'
import type { ManifestHandler, ManifestService } from './protocol/index.ts'
import { resolveRetry } from './retry-options.ts'
import { resolveSchedule } from './schedule-options.ts'
import type { Duration } from './types/duration.ts'
import type { HandlerOptions, PolicyOptions, RateOptions } from './types/options.ts'

/** A definition's options as the manifest tells them; what is absent is the orchestrator's default. */
export type ServicePolicies = Omit<ManifestService, 'name' | 'kind' | 'handlers'>
/** The same of a handler. */
export type HandlerPolicies = Omit<ManifestHandler, 'name' | 'mode' | 'accepts' | 'answers'>

/** `owner` is named in the error. @throws UsageError `definition-invalid` */
export function resolvePolicies(owner: string, options: PolicyOptions): ServicePolicies {
  return naming(owner, () => policiesOf(options))
}

/** @throws UsageError `definition-invalid` */
export function resolveHandlerPolicies(
  owner: string,
  mode: ManifestHandler['mode'],
  { schedule, ...options }: HandlerOptions,
): HandlerPolicies {
  const policies = resolvePolicies(owner, options)
  if (schedule === undefined) return policies
  if (mode !== 'stateless') {
    throw invalid(
      `${owner} cannot have a schedule: a tick names no key. Let a service's handler send to it`,
    )
  }
  return { ...policies, schedule: naming(owner, () => resolveSchedule(schedule)) }
}

function policiesOf(options: PolicyOptions): ServicePolicies {
  const { retry, concurrency, rate } = options
  return {
    ...(retry !== undefined && { retry: resolveRetry(retry) }),
    ...inMs('timeoutMs', options.timeout),
    ...inMs('inactivityMs', options.inactivityTimeout),
    ...inMs('retentionMs', options.retention),
    ...inMs('idempotencyRetentionMs', options.idempotencyRetention),
    ...(concurrency !== undefined && { concurrency: atLeastOne('concurrency', concurrency) }),
    ...(rate !== undefined && { rate: resolveRate(rate) }),
    ...(options.private !== undefined && { private: options.private }),
  }
}

function inMs<K extends string>(
  name: K,
  duration: Duration | undefined,
): { readonly [N in K]?: number } {
  const ms = duration === undefined ? {} : { [name]: durationToMs(duration) }
  return ms as { readonly [N in K]?: number }
}

function resolveRate({ limit, per, burst }: RateOptions): NonNullable<ServicePolicies['rate']> {
  const perMs = durationToMs(per)
  if (perMs === 0) throw new UsageError('option-invalid', 'rate.per must be longer than nothing')
  return {
    limit: atLeastOne('rate.limit', limit),
    perMs,
    ...(burst !== undefined && { burst: atLeastOne('rate.burst', burst) }),
  }
}

function atLeastOne(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value
  throw new UsageError('option-invalid', `${name} must be a whole number, at least 1`)
}

function naming<T>(owner: string, resolve: () => T): T {
  try {
    return resolve()
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause
    throw invalid(`${owner}: ${cause.message}`, cause)
  }
}
