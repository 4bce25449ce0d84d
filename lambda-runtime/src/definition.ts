import { is } from 'valibot'
import { type HandlerFunction, type HandlerSpec, handlerSpecOf } from './handle.ts'
import { invalid } from './invalid.ts'
import {
  type HandlerPolicies,
  resolveHandlerPolicies,
  resolvePolicies,
  type ServicePolicies,
} from './policies.ts'
import { serviceNameSchema } from './protocol/ids.ts'
import type { ManifestHandler } from './protocol/index.ts'
import { checkSerde, isSerde, type Serdes } from './serde.ts'
import type { Definition, Kind, Service, VirtualObject, Workflow } from './types/definition.ts'
import type {
  ApiOf,
  Head,
  ObjectHandlers,
  ServiceHandlers,
  ServiceOptions,
  UntypedState,
  WorkflowHandlers,
} from './types/handlers.ts'
import type { Interceptors } from './types/interceptors.ts'
import type { Schema } from './types/schema.ts'

/** A definition as it is run: checked, its options resolved. */
export interface RuntimeDefinition {
  readonly kind: Kind
  readonly name: string
  readonly handlers: ReadonlyMap<string, RuntimeHandler>
  readonly options: ServicePolicies
  readonly around: Interceptors
}

export type HandlerMode = ManifestHandler['mode']

export interface RuntimeHandler {
  readonly name: string
  readonly mode: HandlerMode
  readonly fn: HandlerFunction
  /** Checks the input. */
  readonly input?: Schema
  /** Reads the input and writes the output, where they are not plain values. */
  readonly serdes: Serdes
  readonly options: HandlerPolicies
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
  return define('service', head, handlers) as Service<N, ApiOf<H>>
}

/**
 * Handlers with a key and durable state. Of one key one exclusive handler runs at a time, in the order of
 * arrival; handlers made by `shared` run beside them. Keys never wait for each other.
 *
 * @example
 * export const cart = object<{ items: Item[] }>()('cart', {
 *   async add(ctx, item: Item) { ctx.set('items', [...(await ctx.get('items', [])), item]) },
 *   size: shared(async (ctx) => (await ctx.get('items', [])).length),
 * })
 * @throws UsageError `definition-invalid`
 */
export function object<S extends object>(): <N extends string, H extends ObjectHandlers<S>>(
  head: Head<N>,
  handlers: H,
) => VirtualObject<N, ApiOf<H>>
export function object<N extends string, H extends ObjectHandlers<UntypedState>>(
  head: Head<N>,
  handlers: H,
): VirtualObject<N, ApiOf<H>>
export function object(
  ...args: readonly [] | readonly [head: Head<string>, handlers: object]
): unknown {
  return defineOrCurry('object', args)
}

/**
 * A handler `run` that runs once per key, and shared handlers beside it that ask after it, and speak to it through
 * durable promises.
 *
 * @example
 * const emailVerified = promiseName<string>('email-verified')
 * export const signup = workflow('signup', {
 *   async run(ctx, user: User) { return await ctx.promise(emailVerified).get() },
 *   async verify(ctx, code: string) { await ctx.promise(emailVerified).resolve(code) },
 * })
 * @throws UsageError `definition-invalid`
 */
export function workflow<S extends object>(): <N extends string, H extends WorkflowHandlers<S>>(
  head: Head<N>,
  handlers: H,
) => Workflow<N, ApiOf<H>>
export function workflow<N extends string, H extends WorkflowHandlers<UntypedState>>(
  head: Head<N>,
  handlers: H,
): Workflow<N, ApiOf<H>>
export function workflow(
  ...args: readonly [] | readonly [head: Head<string>, handlers: object]
): unknown {
  return defineOrCurry('workflow', args)
}

/** The key is text, not a symbol, so that a definition made by another copy of this package is found as well. */
interface RunnableDefinition {
  readonly kind: Kind
  readonly name: string
  readonly '~runtime': RuntimeDefinition
}

/** The definition as it is run. @throws UsageError for something that `service()` and the like did not make */
export function runtimeOf(definition: Definition): RuntimeDefinition {
  if (isRunnable(definition)) return definition['~runtime']
  throw invalid(
    'Something was passed as a definition that service(), object() or workflow() did not make',
  )
}

/** All of them by name. @throws UsageError when two have one name, or there is none */
export function definitionsByName(
  definitions: readonly Definition[],
): ReadonlyMap<string, RuntimeDefinition> {
  const byName = new Map<string, RuntimeDefinition>()
  for (const definition of definitions.map(runtimeOf)) {
    if (byName.has(definition.name)) {
      throw invalid(
        `The ${definition.kind} "${definition.name}" is there twice: give one another name`,
      )
    }
    byName.set(definition.name, definition)
  }
  if (byName.size === 0) throw invalid('There is no definition: pass at least one service')
  return byName
}

function defineOrCurry(
  kind: Kind,
  args: readonly [] | readonly [head: Head<string>, handlers: object],
): unknown {
  if (args.length === 0)
    return (head: Head<string>, handlers: object) => define(kind, head, handlers)
  return define(kind, args[0], args[1])
}

/** What it answers is what the types promise, but for `~api`, which exists in types only. */
function define<K extends Kind, N extends string>(
  kind: K,
  head: Head<N>,
  handlers: object,
): Definition<K, N> {
  const { name, ...rest }: { name: N } & ServiceOptions =
    typeof head === 'string' ? { name: head } : head
  const { around = {}, ...options } = rest
  checkName(`The ${kind}`, name)
  const named = Object.entries(handlers)
  if (named.length === 0) throw invalid(`The ${kind} "${name}" has no handler`)
  if (kind === 'workflow' && !named.some(([handler]) => handler === 'run')) {
    throw invalid(`The workflow "${name}" has no handler "run"`)
  }
  const resolved = named.map(([handler, value]) => resolve({ kind, service: name, handler }, value))
  const runtime: RuntimeDefinition = {
    kind,
    name,
    handlers: new Map(resolved.map((handler) => [handler.name, handler])),
    options: resolvePolicies(`The ${kind} "${name}"`, options),
    around,
  }
  const definition: RunnableDefinition = { kind, name, '~runtime': runtime }
  // What its handlers take and give stands in its type alone.
  return definition as unknown as Definition<K, N>
}

type Place = { readonly kind: Kind; readonly service: string; readonly handler: string }

function resolve(place: Place, value: unknown): RuntimeHandler {
  const name = place.handler
  const label = `The handler "${place.service}/${name}"`
  checkName(label, name)
  if (name === 'then')
    throw invalid(`${label} cannot be called "then": its client would be awaitable`)
  const spec = handlerSpecOf(value)
  if (spec === undefined) {
    throw invalid(`${label} is neither a function nor made by handle() or shared()`)
  }
  const mode = modeOf(label, place, spec)
  return {
    name,
    mode,
    fn: spec.fn,
    ...dataOf(label, spec),
    options: resolveHandlerPolicies(label, mode, spec.options),
  }
}

function modeOf(label: string, { kind, handler }: Place, { shared }: HandlerSpec): HandlerMode {
  if (shared && kind !== 'object') {
    throw invalid(`${label} cannot be shared(): only objects have exclusive handlers to run beside`)
  }
  if (kind === 'service') return 'stateless'
  if (handler === 'send') {
    throw invalid(`${label} cannot be called "send": over HTTP, that is how a call is sent`)
  }
  if (kind === 'workflow') return handler === 'run' ? 'workflow' : 'shared'
  if (handler === 'run') {
    throw invalid(`${label} cannot be called "run": that is the handler that starts a workflow`)
  }
  return shared ? 'shared' : 'exclusive'
}

function dataOf(
  label: string,
  { input, output }: HandlerSpec,
): Pick<RuntimeHandler, 'input' | 'serdes'> {
  const serdes = {
    ...(isSerde(input) && { input: checkSerde(`${label}: its input`, input) }),
    ...(output !== undefined && { output: checkSerde(`${label}: its output`, output) }),
  }
  return input === undefined || isSerde(input) ? { serdes } : { input, serdes }
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
