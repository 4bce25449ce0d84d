/**
 * How many attempts of one function may run at once, found by trying (AIMD): every success adds a little, a throttle
 * halves. Throttling is no failure of a handler; it says that the limit is elsewhere than we thought.
 */
export type Aimd = {
  /** Grows by fractions; `permitsOf` is what counts. */
  readonly limit: number
  readonly ceiling: number
  /** At most one cut in this time: throttles of one round trip tell of one overload. */
  readonly roundTripMs: number
  /** Monotonic ms. */
  readonly lastCutAt: number
}

export type AimdEvent =
  | { readonly kind: 'succeeded' }
  /** `at` is monotonic ms; `running` counts the attempts that were under way, the refused one included. */
  | { readonly kind: 'throttled'; readonly at: number; readonly running: number }

export type AimdOptions = { readonly ceiling: number; readonly roundTripMs?: number }

/** Starts at the ceiling: most functions are never throttled. */
export function createAimd({ ceiling, roundTripMs = 1_000 }: AimdOptions): Aimd {
  return { limit: ceiling, ceiling, roundTripMs, lastCutAt: Number.NEGATIVE_INFINITY }
}

export function stepAimd(state: Aimd, event: AimdEvent): Aimd {
  if (event.kind === 'succeeded') {
    // A round of `limit` successes adds one.
    return { ...state, limit: Math.min(state.ceiling, state.limit + 1 / state.limit) }
  }
  if (event.at - state.lastCutAt < state.roundTripMs) return state
  // A limit that was not used up says nothing: half of what really ran.
  const used = Math.min(state.limit, event.running)
  return { ...state, limit: Math.max(1, used / 2), lastCutAt: event.at }
}

/** Attempts that may be under way; never fewer than one, or nobody would find out that it got better. */
export function permitsOf(state: Aimd): number {
  return Math.floor(state.limit)
}
