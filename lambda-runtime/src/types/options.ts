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

/** Options of `ctx.map` and `ctx.parallel`. */
export interface MapOptions {
  /** How many may be under way at once; all of them if absent. */
  readonly concurrency?: number | undefined
  /**
   * How many may fail, or which part of them (`'10%'`): then the result tells of each how it ended. Without it, the
   * first failure is that of the whole.
   */
  readonly tolerance?: number | `${number}%` | undefined
}

/** Options of `ctx.awakeable`. */
export interface AwakeableOptions {
  /**
   * Rejects with a `TimeoutError` when whoever holds its id neither completes it nor shows a sign of life
   * (`POST /awakeables/{id}/heartbeat`) for this time.
   */
  readonly heartbeat?: Duration | undefined
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
  readonly debounce?: undefined
  readonly batch?: undefined
  readonly maxWait?: undefined
  readonly collectKey?: undefined
}

/** What all options of `ctx.send` have that put sends together. */
interface CollectOptions extends CallOptions {
  /** For services: sends with different keys are kept apart. Keyed targets have their own. */
  readonly collectKey?: string | undefined
  readonly delay?: undefined
}

/** Options of `ctx.send`: of several sends to one handler and key, only the last one counts. */
export interface DebounceOptions extends CollectOptions {
  /** It goes when no other has followed it for so long, */
  readonly debounce: Duration
  /** but at the latest so long after the first. */
  readonly maxWait?: Duration | undefined
  readonly batch?: undefined
}

/** Options of `ctx.send`: several sends to one handler and key go together, and it gets the list of them. */
export interface BatchOptions extends CollectOptions {
  /** When there are `maxSize` (1 to 1000), or `maxWait` after the first. */
  readonly batch: { readonly maxSize: number; readonly maxWait: Duration }
  readonly debounce?: undefined
  readonly maxWait?: undefined
}

/** How often a handler may be started: a bucket of `burst` tokens that `limit` tokens per `per` flow into. */
export interface RateOptions {
  readonly limit: number
  readonly per: Duration
  /** How many may start at once after a pause; `limit` if absent. */
  readonly burst?: number | undefined
}

/** When a handler is invoked by itself. It gets no input; `ctx.origin` tells the tick. */
export type ScheduleOptions = (
  | {
      /** Five fields: minute, hour, day of month, month, day of week. */
      readonly cron: string
      /** An IANA name such as `Europe/Berlin`; UTC if absent. */
      readonly timezone?: string | undefined
      readonly every?: undefined
    }
  | { readonly every: Duration; readonly cron?: undefined; readonly timezone?: undefined }
) & {
  /** Ticks missed while nothing ran: the last of them is made up for (the default), all are, or none. */
  readonly catchUp?: 'latest' | 'all' | 'none' | undefined
}

/** Options of one handler; on a definition they hold for all its handlers that do not say otherwise. */
export interface PolicyOptions {
  readonly retry?: HandlerRetryOptions | undefined
  /** The longest time of one attempt. */
  readonly timeout?: Duration | undefined
  /** An attempt that does nothing, and waits for nothing durable, is given up after this time. */
  readonly inactivityTimeout?: Duration | undefined
  /** How long a finished invocation is kept. */
  readonly retention?: Duration | undefined
  /** How long an idempotency key is remembered, where that is longer than `retention`. */
  readonly idempotencyRetention?: Duration | undefined
  /** How many attempts of it may run at once, over all replicas. */
  readonly concurrency?: number | undefined
  readonly rate?: RateOptions | undefined
  /** Only other handlers may call it: neither HTTP nor subscriptions reach it. */
  readonly private?: boolean | undefined
}

/** Options of one handler. */
export interface HandlerOptions extends PolicyOptions {
  /** For handlers of services only: a tick names no key. */
  readonly schedule?: ScheduleOptions | undefined
}
