import type * as v from 'valibot'
import { closestName } from './did-you-mean.ts'
import type { Mistake, Path } from './mistake.ts'
import { showPath } from './mistake.ts'

/** What of a schema's shape the walks need. */
type Shape =
  | { readonly kind: 'object'; readonly entries: Readonly<Record<string, v.GenericSchema>> }
  | { readonly kind: 'record'; readonly value: v.GenericSchema }
  | { readonly kind: 'array'; readonly item: v.GenericSchema }
  | { readonly kind: 'leaf'; readonly type: string }

/** A schema without what makes it optional. A pipe shows the shape of its first schema already. */
export function shapeOf(schema: v.GenericSchema): Shape {
  if ('wrapped' in schema) return shapeOf(schema.wrapped as v.GenericSchema)
  if ('entries' in schema && schema.type === 'object') {
    return { kind: 'object', entries: schema.entries as Record<string, v.GenericSchema> }
  }
  if ('value' in schema && schema.type === 'record') {
    return { kind: 'record', value: schema.value as v.GenericSchema }
  }
  if ('item' in schema) return { kind: 'array', item: schema.item as v.GenericSchema }
  return { kind: 'leaf', type: schema.type }
}

/** Keys of `input` that `schema` does not name, at any depth, each with the name that was probably meant. */
export function unknownKeys(schema: v.GenericSchema, input: unknown, path: Path = []): Mistake[] {
  if (typeof input !== 'object' || input === null) return []
  const shape = shapeOf(schema)
  switch (shape.kind) {
    case 'object':
      return Object.entries(input).flatMap(([key, value]) => {
        const child = Object.hasOwn(shape.entries, key) ? shape.entries[key] : undefined
        if (child !== undefined) return unknownKeys(child, value, [...path, key])
        return [{ path: showPath([...path, key]), message: unknownKey(key, shape.entries) }]
      })
    case 'record':
      return Object.entries(input).flatMap(([key, value]) =>
        unknownKeys(shape.value, value, [...path, key]),
      )
    case 'array':
      return Array.isArray(input)
        ? input.flatMap((value, index) => unknownKeys(shape.item, value, [...path, index]))
        : []
    case 'leaf':
      return []
    default:
      throw shape satisfies never
  }
}

function unknownKey(key: string, entries: Readonly<Record<string, unknown>>): string {
  const known = Object.keys(entries)
  const meant = closestName(key, known)
  return meant === undefined
    ? `there is no such setting; here can stand ${known.join(', ')}`
    : `there is no such setting; did you mean "${meant}"?`
}

/** A scalar, or list of scalars, that a variable of the environment can set. */
export type Setting = { readonly path: readonly string[]; readonly schema: v.GenericSchema }

/** Marks the place of a name of the user's choice, such as a cluster's. */
export const anyName = '*'

/** Every setting below `schema`. Lists of objects have none: they are for the document. */
export function settingsOf(schema: v.GenericSchema, path: readonly string[] = []): Setting[] {
  const shape = shapeOf(schema)
  switch (shape.kind) {
    case 'object':
      return Object.entries(shape.entries).flatMap(([key, child]) =>
        settingsOf(child, [...path, key]),
      )
    case 'record':
      return settingsOf(shape.value, [...path, anyName])
    case 'array':
      return shapeOf(shape.item).kind === 'leaf' ? [{ path, schema }] : []
    case 'leaf':
      return [{ path, schema }]
    default:
      throw shape satisfies never
  }
}
