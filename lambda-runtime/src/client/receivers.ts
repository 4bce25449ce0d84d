import { UsageError } from '../errors.ts'
import { isObject, type Serdes, serdesOf } from '../serde.ts'

/** Which handler is spoken to, and how its values travel. */
export interface Receiver {
  readonly service: string
  readonly key: string | undefined
  readonly handler: string
  readonly serdes: Serdes
}

type Group = Pick<Receiver, 'service' | 'key'> & { readonly definition: unknown }

/** A definition or its name, then a key where the target has one, then options. */
export function receiverOf<O extends object>([target, ...to]: readonly unknown[]): {
  readonly to: Group
  readonly options: O
} {
  const [first, second] = to
  const isKeyed = typeof first === 'string'
  return {
    to: { service: nameOf(target), key: isKeyed ? first : undefined, definition: target },
    options: ((isKeyed ? second : first) ?? {}) as O,
  }
}

/** An object whose every property is a function that asks that handler. */
export function clientOf(
  group: Group,
  ask: (receiver: Receiver, input: unknown) => unknown,
): unknown {
  const { service, key, definition } = group
  return new Proxy(Object.freeze({}), {
    get: (_, handler) =>
      typeof handler === 'string' && handler !== 'then'
        ? (input?: unknown) =>
            ask({ service, key, handler, serdes: serdesOf(definition, handler) }, input)
        : undefined,
  })
}

function nameOf(target: unknown): string {
  if (typeof target === 'string') return target
  if (isObject(target) && 'name' in target) return String(target['name'])
  throw new UsageError('option-invalid', 'The target must be a definition, or the name of one')
}
