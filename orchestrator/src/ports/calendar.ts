export type CronSpec = {
  readonly cron: string
  /** An IANA name. */
  readonly timezone: string
}

/**
 * Cron in time zones. A time of day that a change of the clocks skips is the first moment after the gap; one that comes
 * twice is the first of the two. A pattern with `*` or a step is about the time that passes: it has no ticks in the
 * skipped hour, and ticks in both of the doubled ones.
 */
export interface Calendar {
  /** The first tick later than `after` (epoch ms, whole seconds); `undefined`: there is none any more. */
  next(spec: CronSpec, after: number): number | undefined
  /** What is wrong with it. `undefined`: nothing. */
  mistakeIn(spec: CronSpec): string | undefined
}
