import {
  type Bucket,
  fullBucket,
  hasToken,
  msToToken,
  type Rate,
  refill,
  spendToken,
} from '../domain/token-bucket.ts'
import type { Clock } from '../ports/index.ts'

/** Token buckets by handler: how often each may be started on this replica. */
export interface Rates {
  /** There is a token. If not, `onToken` is called once there is. */
  ready(handler: string): boolean
  spend(handler: string): void
}

export type RatesDeps = {
  readonly clock: Clock
  /** This replica's part of the handler's rate; `undefined`: as often as it likes. It may change. */
  readonly rateOf: (handler: string) => Rate | undefined
  readonly onToken: () => void
}

export function createRates({ clock, rateOf, onToken }: RatesDeps): Rates {
  const buckets = new Map<string, Bucket>()
  const awaited = new Set<string>()

  const bucketOf = (handler: string, rate: Rate): Bucket => {
    const now = clock.monotonic()
    const known = buckets.get(handler)
    const bucket = known === undefined ? fullBucket(rate, now) : refill(known, rate, now)
    buckets.set(handler, bucket)
    return bucket
  }
  const callWhenThere = (handler: string, ms: number) => {
    if (awaited.has(handler)) return
    awaited.add(handler)
    clock.timer(Math.max(1, ms), () => {
      awaited.delete(handler)
      onToken()
    })
  }

  return {
    ready(handler) {
      const rate = rateOf(handler)
      if (rate === undefined) {
        buckets.delete(handler)
        return true
      }
      const bucket = bucketOf(handler, rate)
      if (hasToken(bucket)) return true
      callWhenThere(handler, msToToken(bucket, rate))
      return false
    },
    spend(handler) {
      const rate = rateOf(handler)
      if (rate !== undefined) buckets.set(handler, spendToken(bucketOf(handler, rate)))
    },
  }
}
