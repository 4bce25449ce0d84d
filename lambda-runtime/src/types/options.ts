import type { Duration } from './duration.ts'

/** When and how often something that failed is tried again: exponential, with jitter. */
export interface RetryOptions {
  /** How often it is tried in all, the first time included. */
  readonly maxAttempts?: number | undefined
  /** No new try begins later than this after the first. */
  readonly maxDuration?: Duration | undefined
  readonly initialDelay?: Duration | undefined
  readonly maxDelay?: Duration | undefined
  /** By how much the delay grows from one try to the next; at least 1. */
  readonly factor?: number | undefined
}

export interface HandlerRetryOptions extends RetryOptions {
  /** What happens when the tries are used up: wait for a person (the default), or fail for good. */
  readonly onExhaustion?: 'pause' | 'fail' | undefined
}

/** Options of `ctx.run`. */
export interface RunOptions {
  readonly retry?: RetryOptions | undefined
  /** Aborts `step.signal` and fails the try after this time. */
  readonly timeout?: Duration | undefined
  /** Never starts the step a second time: a try whose outcome is not known fails the step. */
  readonly atMostOnce?: boolean | undefined
}

/** Options of `ctx.call`. */
export interface CallOptions {
  /** Calls with one key are one invocation of the target. */
  readonly idempotencyKey?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** Options of `ctx.send`. */
export interface SendOptions extends CallOptions {
  /** The target does not start before this time has passed. */
  readonly delay?: Duration | undefined
}

/** Options of one handler; on a service they hold for all its handlers that do not say otherwise. */
export interface HandlerOptions {
  readonly retry?: HandlerRetryOptions | undefined
  /** The longest time of one attempt. */
  readonly timeout?: Duration | undefined
  /** How long a finished invocation is kept. */
  readonly retention?: Duration | undefined
  /** Only other handlers may call it: neither HTTP nor subscriptions reach it. */
  readonly private?: boolean | undefined
}
