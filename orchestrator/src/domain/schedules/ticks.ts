/** The first tick later than a time. Epoch ms; `undefined`: there is none any more. */
export type NextTick = (after: number) => number | undefined
export type CatchUp = 'latest' | 'all' | 'none'

/** A tick is missed when it is older than this: longer than another replica needs to take over. */
export const onTimeMs = 15_000
/** So many of the ticks that were missed are made up for at most, the newest ones. */
export const maxCaughtUp = 1_000

/** Ticks of an interval are the multiples of it since 1970, so that all replicas mean the same ones. */
export function everyTick(everyMs: number): NextTick {
  return (after) => (Math.floor(after / everyMs) + 1) * everyMs
}

export type DueTicks = {
  /** To be made, in order. */
  readonly make: readonly number[]
  /** Some were passed over. */
  readonly skipped: boolean
  /** The last of those that are done with, made or not. */
  readonly last: number
  readonly next: number | undefined
}

/** What is to be done about the ticks from `from`, which is one, to `now`. */
export function dueTicks(
  next: NextTick,
  {
    from,
    now,
    catchUp,
  }: { readonly from: number; readonly now: number; readonly catchUp: CatchUp },
): DueTicks {
  const { ticks, complete } = newestTicks(next, from, now)
  const onTime = ticks.filter((tick) => now - tick <= onTimeMs)
  const make = chosen(catchUp, ticks, onTime)
  const last = Math.max(from, ...ticks)
  return {
    make,
    skipped: !complete || make.length < ticks.length,
    last,
    next: next(last),
  }
}

function chosen(
  catchUp: CatchUp,
  ticks: readonly number[],
  onTime: readonly number[],
): readonly number[] {
  if (catchUp === 'all') return ticks
  if (catchUp === 'none' || onTime.length > 0) return onTime
  return ticks.slice(-1)
}

/**
 * The newest ticks up to `now`. They are looked for in a window that grows into the past: after a long outage there
 * may be millions.
 */
function newestTicks(
  next: NextTick,
  from: number,
  now: number,
): { readonly ticks: readonly number[]; readonly complete: boolean } {
  for (let window = onTimeMs; ; window *= 2) {
    const complete = now - window <= from
    const first = complete ? from : next(now - window)
    const ticks = ticksUpTo(next, first, now)
    if (complete && ticks.length <= maxCaughtUp) return { ticks, complete }
    if (ticks.length > maxCaughtUp) return { ticks: ticks.slice(-maxCaughtUp), complete: false }
  }
}

function ticksUpTo(next: NextTick, first: number | undefined, now: number): readonly number[] {
  const ticks: number[] = []
  for (let tick = first; tick !== undefined && tick <= now; tick = next(tick)) ticks.push(tick)
  return ticks
}
