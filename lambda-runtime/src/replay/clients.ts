import { is } from 'valibot'
import { durationToMs } from '../duration.ts'
import { UsageError } from '../errors.ts'
import {
  childIdFor,
  type InvocationId,
  type Target,
  targetSchema,
  type Value,
} from '../protocol/index.ts'
import { fromStored, serdesOf, toStored } from '../serde.ts'
import type { Invocation, InvocationPromise } from '../types/durable-promise.ts'
import { type AnySendOptions, checkCollected, resolveCollect } from './collect-options.ts'
import { Durable, type DurableEnv, refused } from './durable.ts'
import { invocationHandle } from './handles.ts'
import type { Errand, Issuer } from './issuer.ts'
import { storable } from './storable.ts'

export type ClientDeps = {
  /** Whose child the op's would be: in what is kept of another invocation, that one's. */
  readonly parentOf: (op: number) => InvocationId
  readonly issuer: Issuer
  readonly env: DurableEnv
  /** Epoch ms. */
  readonly clock: () => number
}

/** Whom a client speaks to: a definition or its name, then a key where the target has one, then options. */
export type Address = readonly [target: unknown, ...to: readonly unknown[]]

/** An object whose every property is a function that calls that handler. */
export function callClient(deps: ClientDeps, address: Address): unknown {
  const { service, key, options } = read(address)
  return clientOf((handler, input) => {
    const target = targetOf(service, handler, key)
    const invocationId = childIdOf(deps, target, options.idempotencyKey)
    const serdes = serdesOf(address[0], handler)
    const result = call(deps, target, options, () => storable(toStored(serdes.input, input)))
    const output =
      serdes.output === undefined
        ? result
        : result.map((stored) => fromStored(serdes.output, stored))
    return Object.assign(output, { invocationId }) satisfies InvocationPromise<unknown>
  })
}

/** Like `callClient`, but its functions do not wait for the result. */
export function sendClient(deps: ClientDeps, address: Address): unknown {
  const { service, key, options } = read(address)
  const delayMs = options.delay === undefined ? undefined : durationToMs(options.delay)
  const collect = resolveCollect(options)
  return clientOf((handler, input): Invocation<unknown> | undefined => {
    const target = targetOf(service, handler, key)
    const stored = storable(toStored(serdesOf(address[0], handler).input, input))
    if (collect !== undefined) {
      checkCollected(target, collect)
      deps.issuer.send({ ...errandOf(target, options, stored), collect }, undefined)
      return undefined
    }
    const invocationId = childIdOf(deps, target, options.idempotencyKey)
    const notBefore = delayMs === undefined ? undefined : deps.clock() + delayMs
    deps.issuer.send(errandOf(target, options, stored), notBefore)
    return invocationHandle(deps.issuer, invocationId)
  })
}

/** An input that cannot be stored is no op at all: the promise rejects, and nobody is called. */
function call(
  { issuer, env }: ClientDeps,
  target: Target,
  options: AnySendOptions,
  encode: () => Value,
): Durable<unknown> {
  let value: Value
  try {
    value = encode()
  } catch (error) {
    const rejected = new Durable<unknown>(env, { kind: 'none' })
    rejected.settle(refused(error))
    return rejected
  }
  return issuer.call(errandOf(target, options, value))
}

function clientOf(call: (handler: string, input: unknown) => unknown): unknown {
  return new Proxy(Object.freeze({}), {
    get: (_, handler) =>
      typeof handler === 'string' && handler !== 'then'
        ? (input?: unknown) => call(handler, input)
        : undefined,
  })
}

function read([target, ...to]: Address): {
  readonly service: string
  readonly key: string | undefined
  readonly options: AnySendOptions
} {
  const [first, second] = to
  const keyed = typeof first === 'string'
  return {
    service: nameOf(target),
    key: keyed ? first : undefined,
    options: checked((keyed ? second : first) ?? {}),
  }
}

/** What is no text could be written to the journal, and never be read from it again. */
function checked(options: unknown): AnySendOptions {
  if (typeof options !== 'object' || options === null) {
    throw new UsageError(
      'option-invalid',
      `A key is text, and options are an object, not ${String(options)}`,
    )
  }
  const { headers, idempotencyKey }: AnySendOptions = options
  for (const text of [idempotencyKey, ...Object.values(headers ?? {})]) {
    if (typeof text === 'string' || text === undefined) continue
    throw new UsageError('option-invalid', 'An idempotencyKey is text, and so is each header')
  }
  return options
}

function nameOf(target: unknown): string {
  if (typeof target === 'string') return target
  if (typeof target === 'object' && target !== null && 'name' in target) return String(target.name)
  throw new UsageError('option-invalid', 'The target must be a definition, or the name of one')
}

function targetOf(service: string, handler: string, key: string | undefined): Target {
  const target = { service, handler, ...(key !== undefined && { key }) }
  if (is(targetSchema, target)) return target
  throw new UsageError(
    'option-invalid',
    `No handler can be called ${service}/${handler}: names are a letter, then up to 99 letters, digits, _ or -`,
  )
}

/** The id that whoever carries the op out derives as well: it is known before the op is durable. */
function childIdOf(
  { parentOf, issuer }: ClientDeps,
  target: Target,
  idempotencyKey: string | undefined,
): InvocationId {
  const op = issuer.nextOp
  return childIdFor(target, { parent: parentOf(op), op, idempotencyKey })
}

function errandOf(target: Target, options: AnySendOptions, input: Value): Errand {
  const { headers, idempotencyKey } = options
  return {
    target,
    input,
    ...(headers !== undefined && { headers: { ...headers } }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  }
}
