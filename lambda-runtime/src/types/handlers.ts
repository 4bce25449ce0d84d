import type { ServiceContext } from './context.ts'
import type { Interceptors } from './interceptors.ts'
import type { HandlerOptions } from './options.ts'

/** Method syntax on purpose (bivariant): un-annotated `input` is `unknown`, annotated is accepted, `this` is closed. */
type Fn<C> = { fn(this: void, ctx: C, input: unknown): unknown }['fn']

/** What `handle` makes: a handler with options. */
export interface Handler<C, I extends readonly unknown[], R> {
  '~handler'(ctx: C, ...input: I): R
}

/** A handler as it may stand in a definition. */
export type Plain<C> = Fn<C> | Handler<C, [input?: unknown], unknown>

/** A client is a proxy: a handler called `then` would make it awaitable. */
export interface NoThen {
  readonly then?: never
}

export type ServiceHandlers = Readonly<Record<string, Plain<ServiceContext>>> & NoThen

/** The signatures of the handlers `H`, as callers see them. */
export type ApiOf<H> = {
  readonly [K in keyof H]: H[K] extends Handler<never, infer I, infer R>
    ? (...input: I) => Promise<Awaited<R>>
    : H[K] extends (ctx: never, ...input: infer I) => infer R
      ? (...input: I) => Promise<Awaited<R>>
      : never
}

export interface ServiceOptions extends HandlerOptions {
  readonly around?: Interceptors | undefined
}

/** A definition's name, or its name and options. */
export type Head<N extends string> = N | ({ readonly name: N } & ServiceOptions)
