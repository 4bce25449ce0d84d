import { randomBytes } from 'node:crypto'
import type { HandlerHost } from './replay/ports.ts'

const longestTimerMs = 2 ** 31 - 1

/** Node's clock, timers and chance; `remainingMs` is what the platform leaves of the attempt. */
export function createNodeHost(remainingMs: () => number): HandlerHost {
  return {
    now: () => Date.now(),
    timer: startTimer,
    drained: () => new Promise((resolve) => setImmediate(resolve)),
    nonce: () => randomBytes(12).toString('base64url'),
    remainingMs,
  }
}

/** A timeout longer than 24.8 days would fire at once: it is waited for in pieces. */
export function startTimer(ms: number, fn: () => void): () => void {
  let handle: NodeJS.Timeout
  const wait = (left: number) => {
    const piece = Math.min(left, longestTimerMs)
    handle = setTimeout(() => (left > piece ? wait(left - piece) : fn()), piece)
  }
  wait(ms)
  return () => clearTimeout(handle)
}
