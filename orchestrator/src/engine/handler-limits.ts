import type { Target } from '@fermata/lambda-runtime/protocol'
import { type Place, shareOf } from '../domain/shares.ts'
import type { Rate } from '../domain/token-bucket.ts'
import type { Clock } from '../ports/index.ts'
import type { PermitLimits } from './permits.ts'
import { createRates } from './rates.ts'
import type { Directory } from './services/directory.ts'

export type HandlerLimitsDeps = {
  readonly clock: Clock
  readonly directory: Pick<Directory, 'policyOf'>
  /** Of this replica, now. */
  readonly place: () => Place
  /** Called when somebody who waits may go on. */
  readonly recheck: () => void
}

/** A handler's name among permits. */
export function handlerName({ service, handler }: Pick<Target, 'service' | 'handler'>): string {
  return `${service}/${handler}`
}

/** This replica's parts of what policies allow a handler. They hold whatever version it runs on. */
export function createHandlerLimits(
  deps: HandlerLimitsDeps,
): Pick<PermitLimits, 'ofHandler' | 'rates'> {
  const { clock, place, recheck } = deps
  const policyOf = (name: string) => {
    const [service = '', handler = ''] = name.split('/')
    return deps.directory.policyOf({ service, handler })
  }
  return {
    ofHandler: (name) => shareOf(policyOf(name).concurrency ?? Number.POSITIVE_INFINITY, place()),
    rates: createRates({
      clock,
      rateOf: (name) => rateShare(policyOf(name).rate, place()),
      onToken: recheck,
    }),
  }
}

/** A slow flow can be divided as far as one likes, a bucket only into tokens. */
function rateShare(rate: Rate | undefined, place: Place): Rate | undefined {
  if (rate === undefined) return undefined
  return { ...rate, limit: rate.limit / place.of, burst: shareOf(rate.burst, place) }
}
