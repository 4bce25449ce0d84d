import {
  type Bucket,
  fullBucket,
  hasToken,
  msToToken,
  type Rate,
  refill,
  spendToken,
} from '@fermata/orchestrator/domain/token-bucket'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const rate: Rate = { limit: 2, perMs: 1_000, burst: 3 }

/** Takes as many tokens as there are, at each of these times. */
function takenAt(times: readonly number[], of: Rate): number[] {
  let bucket: Bucket = fullBucket(of, 0)
  return times.map((now) => {
    let taken = 0
    for (bucket = refill(bucket, of, now); hasToken(bucket); taken++) bucket = spendToken(bucket)
    return taken
  })
}

describe('a token bucket', () => {
  it('gives what it holds at once, then what flows in', () => {
    expect(takenAt([0, 499, 500, 1_000, 1_250, 1_500], rate)).toEqual([3, 0, 1, 1, 0, 1])
  })

  it('holds no more than its burst, however long nobody takes', () => {
    expect(takenAt([0, 1_000_000], rate)).toEqual([3, 3])
  })

  it('never gives more in any time than its burst and what flows in meanwhile', () => {
    const never = fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 10_000 }),
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 50 }),
      (limit, perMs, burst, gaps) => {
        let now = 0
        const times = gaps.map((gap) => {
          now += gap
          return now
        })
        const taken = takenAt(times, { limit, perMs, burst })
        const all = taken.reduce((sum, some) => sum + some, 0)
        expect(all).toBeLessThanOrEqual(burst + (now * limit) / perMs + 1e-3)
      },
    )
    fc.assert(never, { seed: 1 })
  })

  it('tells when there is a token again, and then there is', () => {
    const empty = spendToken(spendToken(spendToken(fullBucket(rate, 0))))
    expect([hasToken(empty), msToToken(empty, rate)]).toEqual([false, 500])
    const third = { limit: 1, perMs: 333, burst: 1 }
    const waits = msToToken(spendToken(fullBucket(third, 0)), third)
    expect(hasToken(refill(spendToken(fullBucket(third, 0)), third, waits))).toBe(true)
    expect(msToToken(fullBucket(rate, 0), rate)).toBe(0)
  })

  it('follows a rate that changes: what is too much for it is gone', () => {
    const bucket = fullBucket(rate, 0)
    expect(refill(bucket, { ...rate, burst: 1 }, 0).tokens).toBe(1)
    expect(refill(spendToken(bucket), { ...rate, limit: 10 }, 100).tokens).toBe(3)
  })

  it('loses nothing when a clock stands still, and never has less than nothing', () => {
    expect(refill({ tokens: 1, at: 10 }, rate, 5).tokens).toBe(1)
    expect(spendToken({ tokens: 0.5, at: 0 }).tokens).toBe(0)
  })
})
