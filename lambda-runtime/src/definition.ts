import { is } from 'valibot'
import { UsageError } from './errors.ts'
import { type HandlerPolicies, resolvePolicies } from './policies.ts'
import { serviceNameSchema } from './protocol/ids.ts'
import type { Context } from './types/context.ts'
import type { Definition, Kind, Service } from './types/definition.ts'
import type { ApiOf, Handler, Head, ServiceHandlers, ServiceOptions } from './types/handlers.ts'
import type { Interceptors } from './types/interceptors.ts'
import type { HandlerOptions } from './types/options.ts'
import type { Schema } from './types/schema.ts'

/** A definition as it is run: checked, its options resolved. */
export interface RuntimeDefinition {
  readonly kind: Kind
  readonly name: string
  readonly handlers: ReadonlyMap<string, RuntimeHandler>
  readonly options: HandlerPolicies
  readonly around: Interceptors
}

export interface RuntimeHandler {
  readonly name: string
  readonly mode: 'stateless'
  readonly fn: HandlerFunction
  readonly input?: Schema
  readonly options: HandlerPolicies
}

export type HandlerFunction = (ctx: never, input: unknown) => unknown

/** What `handle` makes, from the inside. */
interface HandlerSpec {
  readonly '~handler': HandlerFunction
  readonly input: Schema | undefined
  readonly options: HandlerOptions
}

/**
 * Gives a handler options: a schema for its input, a retry policy, limits.
 *
 * @example
 * handle({ input: z.object({ sku: z.string() }), timeout: '30s' }, async (ctx, { sku }) => …)
 */
export function handle<I, O, R, C extends Context = Context>(
  options: HandlerOptions & { readonly input: Schema<I, O> },
  fn: (this: void, ctx: C, input: O) => R,
): Handler<C, [input: I], R>
export function handle<I extends [input?: unknown], R, C extends Context = Context>(
  options: HandlerOptions,
  fn: (this: void, ctx: C, ...input: I) => R,
): Handler<C, I, R>
export function handle<I extends [input?: unknown], R, C extends Context = Context>(
  fn: (this: void, ctx: C, ...input: I) => R,
): Handler<C, I, R>
export function handle(
  optionsOrFn: (HandlerOptions & { readonly input?: Schema }) | HandlerFunction,
  maybeFn?: HandlerFunction,
): HandlerSpec {
  const [options, fn] =
    typeof optionsOrFn === 'function' ? [{}, optionsOrFn] : [optionsOrFn, maybeFn]
  if (typeof fn !== 'function') throw invalid('handle() was given no function')
  const { input, ...policies } = options
  return { '~handler': fn, input, options: policies }
}

/**
 * A group of handlers without state or key. Any number of their invocations run side by side.
 *
 * @example
 * export const greeter = service('greeter', {
 *   async greet(ctx, name: string) {
 *     const greeting = await ctx.run('choose', () => chooseGreeting())
 *     return `${greeting}, ${name}`
 *   },
 * })
 * @throws UsageError `definition-invalid`
 */
export function service<N extends string, H extends ServiceHandlers>(
  head: Head<N>,
  handlers: H,
): Service<N, ApiOf<H>> {
  const { name, ...options }: { name: N } & ServiceOptions =
    typeof head === 'string' ? { name: head } : head
  const runtime = define('service', name, options, handlers)
  const definition: RunnableDefinition = { kind: 'service', name, '~runtime': runtime }
  return definition as unknown as Service<N, ApiOf<H>>
}

/** The key is text, not a symbol, so that a definition made by another copy of this package is found as well. */
interface RunnableDefinition {
  readonly kind: Kind
  readonly name: string
  readonly '~runtime': RuntimeDefinition
}

/** The definition as it is run. @throws UsageError for something that `service()` did not make */
export function runtimeOf(definition: Definition): RuntimeDefinition {
  if (isRunnable(definition)) return definition['~runtime']
  throw invalid('Something was passed as a definition that service() did not make')
}

/** All of them by name. @throws UsageError when two have one name, or there is none */
export function definitionsByName(
  definitions: readonly Definition[],
): ReadonlyMap<string, RuntimeDefinition> {
  const byName = new Map<string, RuntimeDefinition>()
  for (const definition of definitions.map(runtimeOf)) {
    if (byName.has(definition.name)) {
      throw invalid(`The service "${definition.name}" is there twice: give one another name`)
    }
    byName.set(definition.name, definition)
  }
  if (byName.size === 0) throw invalid('There is no definition: pass at least one service')
  return byName
}

function define(
  kind: Kind,
  name: string,
  { around = {}, ...options }: ServiceOptions,
  handlers: object,
): RuntimeDefinition {
  checkName(`The ${kind}`, name)
  const named = Object.entries(handlers)
  if (named.length === 0) throw invalid(`The ${kind} "${name}" has no handler`)
  return {
    kind,
    name,
    handlers: new Map(named.map(([handler, value]) => [handler, resolve(name, handler, value)])),
    options: resolvePolicies(`The ${kind} "${name}"`, options),
    around,
  }
}

function resolve(service: string, name: string, value: unknown): RuntimeHandler {
  const label = `The handler "${service}/${name}"`
  checkName(label, name)
  if (name === 'then')
    throw invalid(`${label} cannot be called "then": its client would be awaitable`)
  const { '~handler': fn, input, options } = specOf(label, value)
  return {
    name,
    mode: 'stateless',
    fn,
    ...(input !== undefined && { input }),
    options: resolvePolicies(label, options),
  }
}

function specOf(label: string, value: unknown): HandlerSpec {
  if (typeof value === 'function') {
    return { '~handler': value as HandlerFunction, input: undefined, options: {} }
  }
  if (typeof value === 'object' && value !== null && '~handler' in value)
    return value as HandlerSpec
  throw invalid(`${label} is neither a function nor made by handle()`)
}

function checkName(label: string, name: unknown): void {
  if (is(serviceNameSchema, name)) return
  throw invalid(
    `${label} cannot be named ${JSON.stringify(name)}: use a letter, then up to 99 letters, digits, _ or -`,
  )
}

function isRunnable(definition: unknown): definition is RunnableDefinition {
  return typeof definition === 'object' && definition !== null && '~runtime' in definition
}

function invalid(message: string): UsageError {
  return new UsageError('definition-invalid', message)
}
