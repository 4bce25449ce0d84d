import type {
  Api,
  BatchClient,
  ByName,
  Client,
  DebounceClient,
  Definition,
  SendClient,
  To,
  ToWith,
} from './definition.ts'
import type { Awakeable, DurablePromise, Invocation, PromiseHandle } from './durable-promise.ts'
import type { Duration } from './duration.ts'
import type { Log } from './log.ts'
import type {
  AwakeableOptions,
  BatchOptions,
  CallOptions,
  DebounceOptions,
  MapOptions,
  RunOptions,
  SendOptions,
} from './options.ts'
import type { Origin } from './origin.ts'
import type { PromiseName } from './promise-name.ts'
import type { Serde } from './serde.ts'

type Durables = readonly DurablePromise<unknown>[] | []
type Branches = readonly (() => unknown)[] | []
type BranchResult<B> = B extends () => infer R ? Awaited<R> : never

/** What the closure of a step is given. */
export interface Step {
  /** Aborted when the step's timeout passes, or the invocation is cancelled. */
  readonly signal: AbortSignal
  /** 1 for the first try of this step. */
  readonly attempt: number
}

/** What every handler can do. Each call is an op: in the journal, and the same again on replay. */
export interface Context {
  /** The invocation's id. */
  readonly id: string
  /** 1 for the first attempt; grows with each attempt that failed. */
  readonly attempt: number
  readonly headers: Readonly<Record<string, string>>
  readonly origin: Origin
  /** Silent while the journal is replayed. */
  readonly log: Log

  /**
   * Does something with an effect, once: its result is stored, and replay answers from the journal. A failed
   * try is tried again by `options.retry`; a `TerminalError` is final. What it returns must be storable.
   *
   * @example const payment = await ctx.run('charge', ({ signal }) => charge(order, { signal }), { timeout: '20s' })
   */
  run<T>(
    name: string,
    fn: (step: Step) => T | PromiseLike<T>,
    options?: RunOptions & { readonly serde?: Serde<T> | undefined },
  ): DurablePromise<T>
  /**
   * Calls another handler and answers with its result; it rejects with a `TerminalError` when that fails.
   *
   * @example await ctx.call(inventory).reserve({ sku })
   * @example await ctx.call<typeof inventory>('inventory').reserve({ sku }) // where only the type is imported
   */
  call<D extends Definition = never>(
    target: D | ByName<D>,
    ...to: To<D['kind'], CallOptions>
  ): Client<Api<D>>
  /** Invokes another handler, now or after a delay, and does not wait for it. It is carried out exactly once. */
  send<D extends Definition = never>(
    target: D | ByName<D>,
    ...to: To<D['kind'], SendOptions>
  ): SendClient<Api<D>>
  /**
   * Of sends to one handler and key that follow one another, the last one goes, when it has been quiet for a while.
   *
   * @example ctx.send(mailer, { debounce: '5s', collectKey: user.id }).digest(user)
   */
  send<D extends Definition = never>(
    target: D | ByName<D>,
    ...to: ToWith<D['kind'], DebounceOptions>
  ): DebounceClient<Api<D>>
  /**
   * Sends to one handler and key go together, as one invocation that gets the list.
   *
   * @example ctx.send(indexer, { batch: { maxSize: 100, maxWait: '2s' } }).index(document)
   */
  send<D extends Definition = never>(
    target: D | ByName<D>,
    ...to: ToWith<D['kind'], BatchOptions>
  ): BatchClient<Api<D>>
  /** Waits, without anything running meanwhile. */
  sleep(duration: Duration): DurablePromise<void>
  /** A promise that is completed from outside, by its id: over HTTP, or by another handler. */
  awakeable<T = unknown>(options?: AwakeableOptions): Awakeable<T>
  resolveAwakeable(id: string, value?: unknown): void
  rejectAwakeable(id: string, why: string): void
  /**
   * Waits for a signal: something that is sent to this invocation by its id, over HTTP or by another handler. Each is
   * taken once, in the order in which they came, and one that came before its wait is kept for it.
   */
  signal<T = unknown>(name: string | PromiseName<T>): DurablePromise<T>
  /** Another invocation, to wait for what comes of it, to send it a signal, or to cancel it. */
  invocation<T = unknown>(id: string): Invocation<T>

  all<P extends Durables>(promises: P): DurablePromise<{ -readonly [I in keyof P]: Awaited<P[I]> }>
  allSettled<P extends Durables>(
    promises: P,
  ): DurablePromise<{ -readonly [I in keyof P]: PromiseSettledResult<Awaited<P[I]>> }>
  any<P extends Durables>(promises: P): DurablePromise<Awaited<P[number]>>
  race<P extends Durables>(promises: P): DurablePromise<Awaited<P[number]>>

  /**
   * Calls `fn` for each item, so many at a time, and gives the results in the order of the items. Where `fn` answers
   * with a durable promise, the handler wakes once for all of them (with `concurrency`, for each that ends while
   * others are left to begin).
   *
   * @example const labels = await ctx.map(parcels, (parcel) => ctx.call(shipping).label(parcel), { concurrency: 20 })
   */
  map<T, R>(
    items: readonly T[],
    fn: (item: T, index: number) => R,
    options?: MapOptions & { readonly tolerance?: undefined },
  ): DurablePromise<Awaited<R>[]>
  /** With a tolerance it gives of each how it ended; more failures reject with the code `tolerance-exceeded`. */
  map<T, R>(
    items: readonly T[],
    fn: (item: T, index: number) => R,
    options: MapOptions & { readonly tolerance: number | `${number}%` },
  ): DurablePromise<PromiseSettledResult<Awaited<R>>[]>
  /** Like `map`, of branches that differ. */
  parallel<B extends Branches>(
    branches: B,
    options?: MapOptions & { readonly tolerance?: undefined },
  ): DurablePromise<{ -readonly [I in keyof B]: BranchResult<B[I]> }>
  parallel<B extends Branches>(
    branches: B,
    options: MapOptions & { readonly tolerance: number | `${number}%` },
  ): DurablePromise<{ -readonly [I in keyof B]: PromiseSettledResult<BranchResult<B[I]>> }>

  /** Epoch ms, the same on replay; it moves on with each awaited result and never goes backwards. */
  now(): number
  /** Between 0 and 1, the same on replay. */
  random(): number
  /** A version 4 UUID, the same on replay. */
  uuid(): string
}

/** `kind` keeps the contexts of different kinds from passing for one another. */
export interface ServiceContext extends Context {
  readonly kind: 'service'
}

/** What a shared handler of an object can do: read the state, as it was when the value was asked for. */
export interface SharedObjectContext<S> extends Context {
  readonly kind: 'object' | 'workflow'
  readonly key: string
  get<K extends keyof S & string>(name: K): DurablePromise<S[K] | undefined>
  get<K extends keyof S & string>(name: K, orElse: S[K]): DurablePromise<S[K]>
  /** The names that have a value. */
  keys(): DurablePromise<(keyof S & string)[]>
}

/** Changes count together, when the invocation is over. */
interface Writes<S> {
  set<K extends keyof S & string>(name: K, value: S[K]): void
  clear(name: keyof S & string): void
  clearAll(): void
}

/** What an exclusive handler of an object can do. */
export interface ObjectContext<S> extends SharedObjectContext<S>, Writes<S> {
  readonly kind: 'object'
}

/** What the handlers of a workflow beside `run` can do. */
export interface SharedWorkflowContext<S> extends SharedObjectContext<S> {
  readonly kind: 'workflow'
  /** A durable promise of this workflow's key: any handler of it may complete it, once. */
  promise<T>(name: string | PromiseName<T>): PromiseHandle<T>
}

/** What the `run` of a workflow can do. */
export interface WorkflowContext<S> extends SharedWorkflowContext<S>, Writes<S> {}
