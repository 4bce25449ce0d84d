import { invalid } from './invalid.ts'
import type { Context } from './types/context.ts'
import type { Handler, SharedHandler } from './types/handlers.ts'
import type { HandlerOptions } from './types/options.ts'
import type { Schema } from './types/schema.ts'
import type { OutputSerde, Serde } from './types/serde.ts'

export type HandlerFunction = (ctx: never, input: unknown) => unknown

/** What `handle` and `shared` make, from the inside. */
export interface HandlerSpec {
  readonly shared: boolean
  readonly fn: HandlerFunction
  readonly input: Schema | Serde<unknown> | undefined
  readonly output: Serde<unknown> | undefined
  readonly options: HandlerOptions
}

type AnyOptions = HandlerOptions & {
  readonly input?: Schema | Serde<unknown> | undefined
  readonly output?: Serde<unknown> | undefined
}

/**
 * Gives a handler options: a schema for its input, a retry policy, limits. `input` may be a serde as well: then the
 * handler takes what that reads, and over HTTP a body of its media type. `output` is the serde of the result.
 *
 * @example
 * handle({ input: z.object({ sku: z.string() }), timeout: '30s' }, async (ctx, { sku }) => …)
 */
export function handle<I, O, R, C extends Context = Context>(
  options: HandlerOptions & {
    readonly input: Schema<I, O>
    readonly output?: OutputSerde<NoInfer<Awaited<R>>> | undefined
  },
  fn: (this: void, ctx: C, input: O) => R,
): Handler<C, [input: I], R>
export function handle<T, R, C extends Context = Context>(
  options: HandlerOptions & {
    readonly input: Serde<T>
    readonly output?: OutputSerde<NoInfer<Awaited<R>>> | undefined
  },
  fn: (this: void, ctx: C, input: T) => R,
): Handler<C, [input: T], R>
export function handle<I extends [input?: unknown], R, C extends Context = Context>(
  options: HandlerOptions & { readonly output?: OutputSerde<NoInfer<Awaited<R>>> | undefined },
  fn: (this: void, ctx: C, ...input: I) => R,
): Handler<C, I, R>
export function handle<I extends [input?: unknown], R, C extends Context = Context>(
  fn: (this: void, ctx: C, ...input: I) => R,
): Handler<C, I, R>
export function handle(
  optionsOrFn: AnyOptions | HandlerFunction,
  maybeFn?: HandlerFunction,
): object {
  return { '~handler': specOf('handle', optionsOrFn, maybeFn) }
}

/**
 * A handler of an object that runs beside the exclusive ones, and beside itself. It sees the state as it was when
 * it read it, and cannot change it.
 *
 * @example size: shared(async (ctx) => (await ctx.get('items', [])).length)
 */
export function shared<I, O, R, C extends Context = Context>(
  options: HandlerOptions & {
    readonly input: Schema<I, O>
    readonly output?: OutputSerde<NoInfer<Awaited<R>>> | undefined
  },
  fn: (this: void, ctx: C, input: O) => R,
): SharedHandler<C, [input: I], R>
export function shared<T, R, C extends Context = Context>(
  options: HandlerOptions & {
    readonly input: Serde<T>
    readonly output?: OutputSerde<NoInfer<Awaited<R>>> | undefined
  },
  fn: (this: void, ctx: C, input: T) => R,
): SharedHandler<C, [input: T], R>
export function shared<I extends [input?: unknown], R, C extends Context = Context>(
  options: HandlerOptions & { readonly output?: OutputSerde<NoInfer<Awaited<R>>> | undefined },
  fn: (this: void, ctx: C, ...input: I) => R,
): SharedHandler<C, I, R>
export function shared<I extends [input?: unknown], R, C extends Context = Context>(
  fn: (this: void, ctx: C, ...input: I) => R,
): SharedHandler<C, I, R>
export function shared(
  optionsOrFn: AnyOptions | HandlerFunction,
  maybeFn?: HandlerFunction,
): object {
  return { '~shared': specOf('shared', optionsOrFn, maybeFn) }
}

/** What a value in a definition stands for; `undefined` if it is no handler. */
export function handlerSpecOf(value: unknown): HandlerSpec | undefined {
  if (typeof value === 'function') return bare(value as HandlerFunction)
  if (typeof value !== 'object' || value === null) return undefined
  if ('~handler' in value) return value['~handler'] as HandlerSpec
  return '~shared' in value ? (value['~shared'] as HandlerSpec) : undefined
}

function specOf(
  by: 'handle' | 'shared',
  optionsOrFn: AnyOptions | HandlerFunction,
  maybeFn: HandlerFunction | undefined,
): HandlerSpec {
  const [given, fn] = typeof optionsOrFn === 'function' ? [{}, optionsOrFn] : [optionsOrFn, maybeFn]
  if (typeof fn !== 'function') throw invalid(`${by}() was given no function`)
  const { input, output, ...options }: AnyOptions = given
  return { ...bare(fn), shared: by === 'shared', input, output, options }
}

function bare(fn: HandlerFunction): HandlerSpec {
  return { shared: false, fn, input: undefined, output: undefined, options: {} }
}
