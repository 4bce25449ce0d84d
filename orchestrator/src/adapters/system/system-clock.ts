import type { Clock } from '../../ports/index.ts'

/** Timers beyond this overflow to 1 ms in Node. */
const longestTimerMs = 2 ** 31 - 1

/** The machine's clock. Its timers do not keep the process alive. */
export function createSystemClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    timer: startTimer,
    sleep: (ms, signal) => sleep(ms, signal),
  }
}

function startTimer(ms: number, fn: () => void): () => void {
  let handle: NodeJS.Timeout
  const arm = (left: number): void => {
    const step = Math.min(Math.max(left, 0), longestTimerMs)
    handle = setTimeout(() => (step < left ? arm(left - step) : fn()), step)
    handle.unref()
  }
  arm(ms)
  return () => clearTimeout(handle)
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const finish = (): void => {
      cancel()
      signal?.removeEventListener('abort', finish)
      resolve()
    }
    const cancel = startTimer(ms, finish)
    signal?.addEventListener('abort', finish, { once: true })
  })
}
