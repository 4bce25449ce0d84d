import type { Api, ByName, Definition, To } from './definition.ts'
import type { Duration } from './duration.ts'
import type { CallOptions, SendOptions } from './options.ts'
import type { PromiseName } from './promise-name.ts'

/** What bounds one request, its retries included. */
export interface RequestOptions {
  /** Gives up waiting; what was accepted goes on. */
  readonly signal?: AbortSignal | undefined
  /** Like `signal`, after this time: it rejects with a `RequestError` with the code `timeout`. */
  readonly timeout?: Duration | undefined
}

/** Options of `connect(url).call`. */
export interface OutsideCallOptions extends CallOptions, RequestOptions {}

/** Options of `connect(url).send`. */
export interface OutsideSendOptions extends SendOptions, RequestOptions {}

/** What was accepted and is not awaited. */
export interface Submitted<T> {
  readonly invocationId: string
  /** `previously_accepted`: the idempotency key, or the workflow's key, has been there before. */
  readonly status: 'accepted' | 'previously_accepted'
  /** Waits for the output. */
  attach(options?: RequestOptions): Promise<T>
}

export type OutsideClient<A> = {
  readonly [H in keyof A]: A[H] extends (...input: infer I) => infer R
    ? (...input: I) => Promise<Awaited<R>>
    : never
}

export type OutsideSendClient<A> = {
  readonly [H in keyof A]: A[H] extends (...input: infer I) => infer R
    ? (...input: I) => Promise<Submitted<Awaited<R>>>
    : never
}

/** Completes something that a handler waits for. Each can be completed once. */
export interface Resolver<T> {
  resolve(value: T, options?: RequestOptions): Promise<void>
  reject(why: string, options?: RequestOptions): Promise<void>
}

export interface OutsideAwakeable<T> extends Resolver<T> {
  /** Shows that whoever is to complete it is still at it. */
  heartbeat(options?: RequestOptions): Promise<void>
}

export interface OutsidePromise<T> extends Resolver<T> {
  /** What it was resolved with; `undefined` while it is open. Rejects if it was rejected. */
  peek(options?: RequestOptions): Promise<{ readonly value: T } | undefined>
}

/** An invocation, by its id. */
export interface OutsideInvocation<T> {
  readonly invocationId: string
  /** Waits for the output. */
  attach(options?: RequestOptions): Promise<T>
  /** The output if there is one by now. */
  output(options?: RequestOptions): Promise<{ readonly value: T } | undefined>
  /** `ctx.signal(name)` of its handler answers with the value. */
  signal<V>(name: string | PromiseName<V>, value?: V, options?: RequestOptions): Promise<void>
  /** Ends it: its handler gets a `CancelledError` at its next await, and may compensate. */
  cancel(options?: RequestOptions): Promise<void>
}

/** Everything that can be asked of an orchestrator from outside. */
export interface Connection {
  /**
   * Calls a handler and waits for its output. Every call has an idempotency key, a random one if none is given, so
   * that a lost connection does not start it twice.
   *
   * @example await connection.call(checkout, { idempotencyKey: order.id }).process(order)
   * @example await connection.call<typeof cart>('cart', 'customer-1').add(item) // where only the type is imported
   * @throws TerminalError as the handler threw it; RequestError when there is no answer of the handler
   */
  call<D extends Definition = never>(
    target: D | ByName<D>,
    ...to: To<D['kind'], OutsideCallOptions>
  ): OutsideClient<Api<D>>
  /** Invokes a handler, now or after a delay, and answers as soon as that is durable. */
  send<D extends Definition = never>(
    target: D | ByName<D>,
    ...to: To<D['kind'], OutsideSendOptions>
  ): OutsideSendClient<Api<D>>
  /** Waits for the output of an invocation. */
  attach<T = unknown>(invocationId: string, options?: RequestOptions): Promise<T>
  awakeable<T = unknown>(id: string): OutsideAwakeable<T>
  /** A durable promise of a workflow's key. */
  promise<T = unknown>(
    workflow: Definition<'workflow'> | string,
    key: string,
    name: string | PromiseName<T>,
  ): OutsidePromise<T>
  invocation<T = unknown>(id: string): OutsideInvocation<T>
}

/** How `connect` goes about it. */
export interface ConnectOptions {
  /** Sent with every request, such as those that a proxy asks for. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** How often a request is tried when the connection fails or the orchestrator is busy; 10 if absent. */
  readonly maxAttempts?: number | undefined
  /** Of each request that brings no `timeout` of its own. */
  readonly timeout?: Duration | undefined
  /** In place of the global `fetch`. */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined
}
