import { FermataError } from '../../domain/errors.ts'
import { repeat } from '../agenda/within.ts'
import type { EngineDeps } from '../invocations/engine-deps.ts'
import { directoryMs } from './directory.ts'

/**
 * What was registered with, or set on, another replica holds here, too, and soon: limits may have risen. Those that
 * the registry could not take at the start (`unregistered`) are tried again.
 */
export function hearOfDeployments(deps: EngineDeps, unregistered: string[]): void {
  const { clock, directory, logger, permits, stopping } = deps
  void repeat(clock, directoryMs, stopping, async () => {
    try {
      await registerAll(deps, unregistered)
      await directory.refresh()
      permits.recheck()
    } catch (error) {
      logger.warn({ error }, 'The deployments could not be read; trying again')
    }
  })
}

/**
 * A deployment that cannot be reached now does not keep the others from running; it can be registered later. Leaves in
 * `addresses` only those that are to be tried again, for the registry was away.
 */
export async function registerAll(
  { directory, logger }: EngineDeps,
  addresses: string[],
): Promise<void> {
  for (const address of addresses.splice(0)) {
    try {
      await directory.register(address)
    } catch (error) {
      if (isAway(error)) addresses.push(address)
      logger.error({ address, error }, 'A deployment of the configuration could not be registered')
    }
  }
}

/** The registry is: what it was asked for has nothing to do with it. */
function isAway(error: unknown): boolean {
  return !(error instanceof FermataError) || error.code === 'store-unreachable'
}
