/** The rhythms and limits of one attempt. All times are ms. */
export type Tuning = {
  /** How often the event loop may turn, with nothing happening, before a blocked handler suspends. */
  readonly graceTurns: number
  /** How long it may do nothing where a wait has ended and no other begun: it may wait for something not durable. */
  readonly graceMs: number
  /** How long replay waits for ops that the journal has and user code has not issued. */
  readonly replayPatienceMs: number
  /** A failed step whose next try is not further away than this is waited for in process. */
  readonly shortBackoffMs: number
  /** How long a step's result may stay unappended while another step is executing. */
  readonly resultLingerMs: number
  readonly tailFirstMs: number
  readonly tailMaxMs: number
  /** How often an attempt that only waits for its own steps looks whether it was cancelled. */
  readonly tailSeldomMs: number
  /** An attempt that has appended nothing for so long says that it is alive; once it has, every `aliveEveryMs`. */
  readonly aliveAfterMs: number
  readonly aliveEveryMs: number
  /** An attempt gives up voluntarily when less than this is left of its time. */
  readonly yieldMarginMs: number
  /** How often, and after which first delay, an append or a read that failed is tried. */
  readonly journalTries: number
  readonly journalRetryMs: number
  readonly maxSegmentBytes: number
  readonly maxReplyBytes: number
}

/** Fills in what is absent. `remainingMs` is what the attempt has at its start. */
export function resolveTuning(given: Partial<Tuning>, remainingMs: number): Tuning {
  return {
    graceTurns: 5,
    graceMs: 50,
    replayPatienceMs: 20_000,
    shortBackoffMs: 1_000,
    resultLingerMs: 100,
    tailFirstMs: 250,
    tailMaxMs: 2_000,
    tailSeldomMs: 3_000,
    aliveAfterMs: 5_000,
    aliveEveryMs: 30_000,
    yieldMarginMs: yieldMargin(remainingMs),
    journalTries: 3,
    journalRetryMs: 200,
    maxSegmentBytes: 300_000,
    maxReplyBytes: 5_500_000,
    ...given,
  }
}

/** A second or a tenth of the time, whichever is more, but never more than half of it. */
export function yieldMargin(remainingMs: number): number {
  if (remainingMs === Number.POSITIVE_INFINITY) return 0
  return Math.min(Math.max(1_000, remainingMs / 10), remainingMs / 2)
}
