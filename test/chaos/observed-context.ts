import type { RuntimeDefinition } from '../../lambda-runtime/src/definition.ts'

/** The same definitions, whose handlers' every use of their `ctx` is told to `observe`. */
export function observed(
  definitions: ReadonlyMap<string, RuntimeDefinition>,
  observe: (method: string) => void,
): ReadonlyMap<string, RuntimeDefinition> {
  return mapped(definitions, (definition) => ({
    ...definition,
    handlers: mapped(definition.handlers, (handler) => ({
      ...handler,
      fn: (ctx: object, input) => handler.fn(observedContext(ctx, observe) as never, input),
    })),
  }))
}

function observedContext(ctx: object, observe: (method: string) => void): object {
  const members = Object.entries(ctx).map(([name, member]) => {
    if (typeof member !== 'function') return [name, member]
    const method = (...args: unknown[]): unknown => {
      observe(name)
      return Reflect.apply(member, ctx, args)
    }
    return [name, method]
  })
  return Object.freeze(Object.fromEntries(members))
}

function mapped<K, V>(map: ReadonlyMap<K, V>, change: (value: V) => V): ReadonlyMap<K, V> {
  return new Map([...map].map(([key, value]) => [key, change(value)]))
}
