/** `limit` tokens flow in per `perMs`; the bucket holds `burst`. */
export type Rate = { readonly limit: number; readonly perMs: number; readonly burst: number }

/** `tokens` as they were at `at` (monotonic ms). */
export type Bucket = { readonly tokens: number; readonly at: number }

/** Sums of fractions miss a whole by this much at most: a token that is that near is there. */
const nearly = 1e-6

export function fullBucket({ burst }: Rate, at: number): Bucket {
  return { tokens: burst, at }
}

/** The bucket at `now`: more tokens, and no more than it holds by a rate that may have changed. */
export function refill({ tokens, at }: Bucket, { limit, perMs, burst }: Rate, now: number): Bucket {
  const flown = (Math.max(0, now - at) * limit) / perMs
  return { tokens: Math.min(burst, tokens + flown), at: now }
}

export function hasToken({ tokens }: Bucket): boolean {
  return tokens >= 1 - nearly
}

export function spendToken({ tokens, at }: Bucket): Bucket {
  return { tokens: Math.max(0, tokens - 1), at }
}

/** How long until there is a whole token, ms. */
export function msToToken({ tokens }: Bucket, { limit, perMs }: Rate): number {
  return Math.max(0, Math.ceil(((1 - tokens) * perMs) / limit))
}
