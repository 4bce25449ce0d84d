import { UsageError } from '../errors.ts'
import type { DurablePromise } from '../types/durable-promise.ts'
import type { MapOptions } from '../types/options.ts'
import type { DurableEnv } from './durable.ts'
import { Gathering } from './gathering.ts'

/** `ctx.map`. @throws UsageError `option-invalid` */
export function mapItems(
  env: DurableEnv,
  [items, fn, options]: readonly [items: unknown, fn: unknown, options?: unknown],
): DurablePromise<unknown> {
  if (!Array.isArray(items) || typeof fn !== 'function') {
    throw new UsageError('option-invalid', 'ctx.map takes a list and a function')
  }
  const list = [...items] // what the caller does to his list afterwards changes nothing here
  return gather(env, list.length, (index) => fn(list[index], index), options)
}

/** `ctx.parallel`. @throws UsageError `option-invalid` */
export function runBranches(
  env: DurableEnv,
  [branches, options]: readonly [branches: unknown, options?: unknown],
): DurablePromise<unknown> {
  if (!Array.isArray(branches) || branches.some((branch) => typeof branch !== 'function')) {
    throw new UsageError('option-invalid', 'ctx.parallel takes a list of functions')
  }
  const list: readonly (() => unknown)[] = [...branches]
  return gather(env, list.length, (index) => list[index]?.(), options)
}

function gather(
  env: DurableEnv,
  count: number,
  begin: (index: number) => unknown,
  options: unknown,
): DurablePromise<unknown> {
  const { concurrency, tolerance } = (options ?? {}) as MapOptions
  if (concurrency !== undefined && !(Number.isInteger(concurrency) && concurrency >= 1)) {
    throw new UsageError('option-invalid', 'concurrency must be a whole number, at least 1')
  }
  return new Gathering(env, {
    count,
    concurrency: concurrency ?? count,
    tolerance: tolerance === undefined ? undefined : resolveTolerance(tolerance, count),
    begin,
  }).whole
}

function resolveTolerance(tolerance: number | string, count: number): number {
  if (typeof tolerance === 'number') {
    if (Number.isInteger(tolerance) && tolerance >= 0) return tolerance
  } else {
    const percent = Number(/^(\d+(?:\.\d+)?)%$/.exec(tolerance)?.[1])
    if (percent <= 100) return Math.floor((count * percent) / 100)
  }
  throw new UsageError(
    'option-invalid',
    `tolerance is a count of failures, or a percentage such as '10%', not ${JSON.stringify(tolerance)}`,
  )
}
