import type {
  ObjectContext,
  ServiceContext,
  SharedObjectContext,
  SharedWorkflowContext,
  WorkflowContext,
} from './context.ts'
import type { Interceptors } from './interceptors.ts'
import type { PolicyOptions } from './options.ts'

/** Method syntax on purpose (bivariant): un-annotated `input` is `unknown`, annotated is accepted, `this` is closed. */
type Fn<C> = { fn(this: void, ctx: C, input: unknown): unknown }['fn']

/** What `handle` makes: a handler with options. */
export interface Handler<C, I extends readonly unknown[], R> {
  '~handler'(ctx: C, ...input: I): R
}

/**
 * What `shared` makes: a handler of an object that runs beside the exclusive ones. It is a shape of its own, else
 * `handle()` inside `object()` would be given the shared context.
 */
export interface SharedHandler<C, I extends readonly unknown[], R> {
  readonly '~ctx': (ctx: C) => void
  '~shared'(...input: I): R
}

/** A handler as it may stand in a definition. */
export type Plain<C> = Fn<C> | Handler<C, [input?: unknown], unknown>

/** A client is a proxy: a handler called `then` would make it awaitable. */
export interface NoThen {
  readonly then?: never
}

/** `run` is the handler of a workflow that runs once per key. */
export interface NoRun {
  readonly run?: never
}

export type ServiceHandlers = Readonly<Record<string, Plain<ServiceContext>>> & NoThen

export type ObjectHandlers<S> = Readonly<
  Record<
    string,
    Plain<ObjectContext<S>> | SharedHandler<SharedObjectContext<S>, [input?: unknown], unknown>
  >
> &
  NoThen &
  NoRun

export type WorkflowHandlers<S> = {
  readonly run: Plain<WorkflowContext<S>>
  readonly [name: string]: Plain<SharedWorkflowContext<S>>
} & NoThen

/** The signatures of the handlers `H`, as callers see them. */
export type ApiOf<H> = {
  readonly [K in keyof H]: H[K] extends
    | Handler<never, infer I, infer R>
    | SharedHandler<never, infer I, infer R>
    ? (...input: I) => Promise<Awaited<R>>
    : H[K] extends (ctx: never, ...input: infer I) => infer R
      ? (...input: I) => Promise<Awaited<R>>
      : never
}

export interface ServiceOptions extends PolicyOptions {
  readonly around?: Interceptors | undefined
}

/** A definition's name, or its name and options. */
export type Head<N extends string> = N | ({ readonly name: N } & ServiceOptions)

/** The state of an object or workflow whose type is not given. */
export type UntypedState = Record<string, unknown>
