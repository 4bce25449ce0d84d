import { create } from '../invocations/create.ts'
import type { EngineDeps } from '../invocations/engine-deps.ts'
import type { Created, CreateOptions, Creation, Work } from '../invocations/work.ts'
import { enqueue } from './enqueue.ts'
import { isExclusive, modeOf } from './mode.ts'

/**
 * Takes an invocation in, whatever its handler: an exclusive one queues up for its key, all others have a journal at
 * once. One that is to wait first, or that nobody serves, gets its place when its time has come: it must not hold up
 * its key (INV-11).
 */
export async function accept(
  deps: EngineDeps,
  work: Work,
  creation: Creation,
  options: CreateOptions,
): Promise<Created> {
  const { target, notBefore } = creation
  if (target.key === undefined) return create(deps, work, creation, options)
  const deployment = await deps.directory.resolve(target).catch((error: unknown) => {
    options.permit?.release()
    throw error
  })
  if (deployment === undefined) return create(deps, work, { ...creation, slot: 0 }, options)
  if (!isExclusive(modeOf(deployment, target))) return create(deps, work, creation, options)
  const isEarly = notBefore !== undefined && notBefore > deps.clock.now()
  return isEarly
    ? create(deps, work, { ...creation, slot: 0 }, options)
    : enqueue(deps, work, creation, options, deployment)
}
