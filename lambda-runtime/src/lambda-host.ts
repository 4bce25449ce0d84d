import { randomBytes } from 'node:crypto'
import type { HandlerHost } from './replay/ports.ts'

const longestTimerMs = 2 ** 31 - 1

/** Node's clock, timers and chance; the deadline is that of the Lambda context. */
export function createLambdaHost(context: unknown): HandlerHost {
  return {
    now: () => Date.now(),
    timer: startTimer,
    drained: () => new Promise((resolve) => setImmediate(resolve)),
    nonce: () => randomBytes(12).toString('base64url'),
    remainingMs: () => remainingMs(context),
  }
}

/** A timeout longer than 24.8 days would fire at once: it is waited for in pieces. */
function startTimer(ms: number, fn: () => void): () => void {
  let handle: NodeJS.Timeout
  const wait = (left: number) => {
    const piece = Math.min(left, longestTimerMs)
    handle = setTimeout(() => (left > piece ? wait(left - piece) : fn()), piece)
  }
  wait(ms)
  return () => clearTimeout(handle)
}

function remainingMs(context: unknown): number {
  if (typeof context !== 'object' || context === null) return Number.POSITIVE_INFINITY
  const get: unknown = Reflect.get(context, 'getRemainingTimeInMillis')
  const ms: unknown = typeof get === 'function' ? get.call(context) : undefined
  return typeof ms === 'number' ? ms : Number.POSITIVE_INFINITY
}
