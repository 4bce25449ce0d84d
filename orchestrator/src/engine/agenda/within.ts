import type { Clock } from '../../ports/index.ts'

/** Waits for `work`, but not longer than `ms`: then rejects, while the work goes on unheeded. */
export function within<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.timer(ms, () => reject(new Error(`No answer within ${ms} ms`)))
    work.then(resolve, reject).finally(cancel)
  })
}

/** Runs `work` again and again, `ms` apart, until `signal` aborts. `work` does not reject. */
export async function repeat(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    const begun = clock.monotonic()
    await work()
    await clock.sleep(Math.max(1, begun + ms - clock.monotonic()), signal)
  }
}
