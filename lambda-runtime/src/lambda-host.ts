import { createNodeHost } from './node-host.ts'
import type { HandlerHost } from './replay/ports.ts'

/** Node's clock, timers and chance; the deadline is that of the Lambda context. */
export function createLambdaHost(context: unknown): HandlerHost {
  return createNodeHost(() => remainingMs(context))
}

function remainingMs(context: unknown): number {
  if (typeof context !== 'object' || context === null) return Number.POSITIVE_INFINITY
  const get: unknown = Reflect.get(context, 'getRemainingTimeInMillis')
  const ms: unknown = typeof get === 'function' ? get.call(context) : undefined
  return typeof ms === 'number' ? ms : Number.POSITIVE_INFINITY
}
