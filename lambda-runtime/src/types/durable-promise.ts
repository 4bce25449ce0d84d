import type { Duration } from './duration.ts'

/**
 * A promise whose outcome is in the journal: awaiting it may suspend the invocation, and replay gives the same
 * answer. `Promise.all`, `race`, … over such promises are safe; `ctx.all`, `race`, … also wake only once.
 *
 * The brand is a string key, so that two versions of this package in one tree stay assignable.
 */
export interface DurablePromise<T> extends Promise<T> {
  readonly '~durable': true
  /** Rejects with a `TimeoutError` when there is no outcome after that time, which is durable itself. */
  orTimeout(after: Duration): DurablePromise<T>
  /** Gives `fallback` when there is no outcome after that time. */
  orTimeout<const F>(after: Duration, fallback: F): DurablePromise<T | F>
  /** Like `then`, but what it returns is durable still: it can go into `ctx.all` and the like. */
  map<U>(fn: (value: T) => U): DurablePromise<U>
}

/** The result of a call to another handler. */
export interface InvocationPromise<T> extends DurablePromise<T> {
  readonly invocationId: string
}

/** Another invocation: what was sent, or is known by its id. */
export interface Invocation<T> {
  readonly invocationId: string
  /** Waits for what comes of it; rejects when it fails. */
  attach(): DurablePromise<T>
  /** Ends it: what its handler awaits rejects with a `CancelledError`. */
  cancel(): void
  /** Sends it a signal, for its `ctx.signal(name)`. */
  signal(name: string, value?: unknown): void
}

/** A promise that someone outside completes, by its id. */
export interface Awakeable<T> {
  readonly id: string
  readonly promise: DurablePromise<T>
}

/** A durable promise of a workflow's key. Of several that complete it the first counts. */
export interface PromiseHandle<T> {
  get(): DurablePromise<T>
  /** What it was resolved with; `undefined` while it is open. */
  peek(): DurablePromise<T | undefined>
  /** Answers whether this was the first. */
  resolve(value: T): DurablePromise<boolean>
  reject(why: string): DurablePromise<boolean>
}
