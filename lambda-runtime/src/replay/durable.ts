import { TimeoutError } from '../errors.ts'
import type { Waiting } from '../protocol/index.ts'
import type { DurablePromise } from '../types/durable-promise.ts'
import type { Duration } from '../types/duration.ts'

/** What a durable promise needs of the attempt that it belongs to. */
export interface DurableEnv {
  /** Somebody waits for `promise`, which has no outcome yet. */
  awaited(promise: Durable<unknown>): void
  settled(promise: Durable<unknown>): void
  sleep(after: Duration): Durable<void>
  /** Whether an op was rejected with this because the invocation was cancelled. */
  isCancellation(reason: unknown): boolean
}

export type Settlement<T> = PromiseSettledResult<T>
type Listener = (settlement: Settlement<unknown>) => void

/** Where a promise's outcome comes from: an op of the journal, or other promises. */
export type Source =
  | { readonly kind: 'op'; readonly op: number }
  | {
      readonly kind: 'all' | 'any' | 'race' | 'allSettled'
      readonly of: readonly Durable<unknown>[]
    }
  | { readonly kind: 'same'; readonly as: Durable<unknown> }
  /** Other promises, that are not all known when it is made. */
  | {
      readonly kind: 'changing'
      readonly of: () => readonly Durable<unknown>[]
      readonly waiting: () => Waiting | undefined
    }
  /** Nothing that could be waited for durably. */
  | { readonly kind: 'none' }

/**
 * A promise whose outcome is in the journal. It is settled by the attempt, when its outcome is handed out.
 *
 * As a subclass with a constructor of its own it is never taken for a plain promise: `await`, `Promise.all`
 * and the like call `then`, and by that the attempt knows what its handler waits for. What `then` gives is a
 * plain promise. A rejected one that nobody awaits is no unhandled rejection.
 */
export class Durable<T> extends Promise<T> implements DurablePromise<T> {
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  readonly '~durable' = true as const
  readonly #env: DurableEnv
  readonly #resolve: (value: unknown) => void
  readonly #reject: (reason: unknown) => void
  readonly #listeners: Listener[] = []
  #source: Source
  #settlement: Settlement<T> | undefined
  #isObserved = false

  constructor(env: DurableEnv, source: Source) {
    let resolve: (value: unknown) => void = () => undefined
    let reject: (reason: unknown) => void = () => undefined
    super((onValue, onReason) => {
      resolve = onValue as (value: unknown) => void
      reject = onReason
    })
    this.#env = env
    this.#source = source
    this.#resolve = resolve
    this.#reject = reject
    super.then(undefined, () => undefined)
  }

  /** Whether anything waits for it, be it through other durable promises. */
  get isObserved(): boolean {
    return this.#isObserved
  }

  get settlement(): Settlement<T> | undefined {
    return this.#settlement
  }

  // biome-ignore lint/suspicious/noThenProperty: awaiting is observed through it
  override then<A = T, B = never>(
    onValue?: ((value: T) => A | PromiseLike<A>) | null,
    onReason?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    if (this.#settlement === undefined) {
      this.observe()
      this.#env.awaited(this)
    }
    return super.then(onValue, onReason)
  }

  orTimeout(after: Duration): Durable<T>
  orTimeout<const F>(after: Duration, fallback: F): Durable<T | F>
  orTimeout<F>(after: Duration, ...fallback: [F?]): Durable<T | F> {
    const timer = this.#env.sleep(after)
    const either = new Durable<T | F>(this.#env, { kind: 'race', of: [this, timer] })
    this.listen((settlement) => either.settle(settlement))
    timer.listen((over) => {
      if (over.status === 'rejected') either.settle(over)
      else either.settle(fallback.length > 0 ? given(fallback[0] as F) : late(after))
    })
    return either
  }

  map<U>(fn: (value: T) => U): Durable<U> {
    const mapped = new Durable<U>(this.#env, { kind: 'same', as: this })
    this.listen((settlement) => {
      if (settlement.status === 'rejected') mapped.settle(settlement)
      else mapped.#adopt(() => fn(settlement.value))
    })
    return mapped
  }

  /** Somebody waits for it, so its sources are waited for. */
  observe(): void {
    if (this.#isObserved) return
    this.#isObserved = true
    for (const source of sourcesOf(this.#source)) source.observe()
  }

  /** Calls `listener` with the outcome, at once when it is there: in the same turn as the hand-out. */
  listen(listener: (settlement: Settlement<T>) => void): void {
    if (this.#settlement === undefined) this.#listeners.push(listener as Listener)
    else listener(this.#settlement)
  }

  settle(settlement: Settlement<T>): void {
    if (this.#settlement !== undefined) return
    this.#settlement = settlement
    if (settlement.status === 'fulfilled') this.#resolve(settlement.value)
    else this.#reject(settlement.reason)
    this.#env.settled(this)
    for (const listener of this.#listeners.splice(0)) listener(settlement)
  }

  /** What must happen for it to have an outcome; `undefined` when that is not up to the journal. */
  waiting(): Waiting | undefined {
    if (this.#settlement !== undefined) return undefined
    const source = this.#source
    if (source.kind === 'op') return source
    if (source.kind === 'none') return undefined
    if (source.kind === 'same') return source.as.waiting()
    if (source.kind === 'changing') return source.waiting()
    const of = source.of.map((promise) => promise.waiting()).filter((node) => node !== undefined)
    return of.length === 0 ? undefined : { kind: source.kind, of }
  }

  /** Takes the outcome of `fn`. A promise that it returns is waited for, durably if it is durable. */
  #adopt(fn: () => T): void {
    let value: unknown
    let isPromise: boolean
    try {
      value = fn()
      isPromise = isThenable(value)
    } catch (reason) {
      this.settle({ status: 'rejected', reason })
      return
    }
    if (!isPromise) {
      this.settle(given(value as T))
      return
    }
    this.#source = value instanceof Durable ? { kind: 'same', as: value } : { kind: 'none' }
    if (this.#isObserved && value instanceof Durable) value.observe()
    follow(value as PromiseLike<unknown>, (settlement) => this.settle(settlement as Settlement<T>))
  }
}

export function given<T>(value: T): Settlement<T> {
  return { status: 'fulfilled', value }
}

export function refused(reason: unknown): Settlement<never> {
  return { status: 'rejected', reason }
}

function late(after: Duration): Settlement<never> {
  const time = typeof after === 'object' ? JSON.stringify(after) : after
  return refused(
    new TimeoutError(`No outcome within ${typeof time === 'number' ? `${time}ms` : time}`),
  )
}

function sourcesOf(source: Source): readonly Durable<unknown>[] {
  if (source.kind === 'op' || source.kind === 'none') return []
  if (source.kind === 'changing') return source.of()
  return source.kind === 'same' ? [source.as] : source.of
}

function follow(
  value: PromiseLike<unknown>,
  then: (settlement: Settlement<unknown>) => void,
): void {
  if (value instanceof Durable) {
    value.listen(then)
    return
  }
  Promise.resolve(value).then(
    (result) => then(given(result)),
    (reason: unknown) => then(refused(reason)),
  )
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  )
}
