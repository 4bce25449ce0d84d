import type { Clock } from '../../ports/index.ts'

/** Waits for `work`, but no longer than `ms`. Never rejects. */
export async function within(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  const waiting = new AbortController()
  const settled = work.catch(() => undefined)
  await Promise.race([settled, clock.sleep(ms, waiting.signal)])
  waiting.abort()
}
