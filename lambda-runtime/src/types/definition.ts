import type { Invocation, InvocationPromise } from './durable-promise.ts'

export type Kind = 'service' | 'object' | 'workflow'

/** What callers see. `A` holds each handler's signature without `ctx`, so that it can be written down. */
export interface Definition<K extends Kind = Kind, N extends string = string, A = unknown> {
  readonly kind: K
  readonly name: N
  /** Exists in types only. */
  readonly '~api': A
}

/**
 * A service's type. Write it down where TypeScript asks for it: under `isolatedDeclarations`, and where two
 * services call each other ("implicitly has type 'any' because it … is referenced … in its own initializer").
 *
 * @example
 * export const inventory: Service<'inventory', { reserve(item: Item): Promise<Slip> }> = service('inventory', { … })
 */
export interface Service<N extends string, A> extends Definition<'service', N, A> {}

/** An object's type, to be written down where a service's would be. */
export interface VirtualObject<N extends string, A> extends Definition<'object', N, A> {}

/** A workflow's type, to be written down where a service's would be. */
export interface Workflow<N extends string, A> extends Definition<'workflow', N, A> {}

/** The signatures of a definition's handlers, as callers see them. */
export type Api<D extends Definition> = D['~api']

/** `'<service>/<handler>'`: where a subscription delivers to. */
export type Sink<D extends Definition> = `${D['name']}/${keyof Api<D> & string}`

/** The name as text, for definitions that are imported as types only. */
export type ByName<D extends Definition> = string extends D['name'] ? never : D['name']

/** What follows the target: options, and before them the key where the target has one. */
export type To<K extends Kind, O> = K extends 'service' ? [options?: O] : [key: string, options?: O]

/** The same where options must be given. */
export type ToWith<K extends Kind, O> = K extends 'service'
  ? [options: O]
  : [key: string, options: O]

export type Client<A> = {
  readonly [H in keyof A]: A[H] extends (...input: infer I) => infer R
    ? (...input: I) => InvocationPromise<Awaited<R>>
    : never
}

export type SendClient<A> = {
  readonly [H in keyof A]: A[H] extends (...input: infer I) => infer R
    ? (...input: I) => Invocation<Awaited<R>>
    : never
}

/** Sends that are put together have no invocation of their own. */
export type DebounceClient<A> = {
  readonly [H in keyof A]: A[H] extends (...input: infer I) => unknown
    ? (...input: I) => void
    : never
}

/** Its handlers take lists; each send brings one item. A handler that takes no list cannot be sent to in batches. */
export type BatchClient<A> = {
  readonly [H in keyof A]: A[H] extends (...input: infer I) => unknown
    ? I extends readonly [input?: infer L]
      ? ItemClient<NonNullable<L>>
      : never
    : never
}

type ItemClient<L> = L extends readonly (infer T)[] ? (item: T) => void : never
