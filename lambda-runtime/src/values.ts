import { DevalueError, parse, stringify } from 'devalue'
import { ValueError } from './errors.ts'
import { type Json, type Value, voidValue } from './protocol/values.ts'
import { snapshotOf } from './snapshot.ts'

/**
 * A value as it is stored, detached from the original: changing that later changes nothing here.
 *
 * @throws ValueError `value-unstorable` with the path to what cannot be stored
 */
export function encodeValue(value: unknown): Value {
  if (value === undefined) return voidValue
  const { copy, plain } = snapshotOf(value)
  return plain ? { json: copy as Json } : { rich: stringifyRich(copy) }
}

/** The value that user code gets: a fresh copy each time. @throws ValueError `value-unreadable` */
export function decodeValue(value: Value): unknown {
  if ('void' in value) return undefined
  if ('list' in value) return value.list.map(decodeValue)
  if ('sealed' in value || 'ref' in value) {
    const kind = 'sealed' in value ? 'sealed' : 'kept elsewhere'
    throw new ValueError('value-unreadable', '$', `is ${kind} and has not been opened`)
  }
  try {
    return 'rich' in value ? parse(value.rich) : snapshotOf(value.json).copy
  } catch (cause) {
    throw new ValueError('value-unreadable', '$', 'was stored as something unreadable', { cause })
  }
}

function stringifyRich(value: unknown): string {
  try {
    return stringify(value)
  } catch (cause) {
    const path = cause instanceof DevalueError ? cause.path : ''
    const problem = 'cannot be stored beside what JSON cannot carry'
    throw new ValueError('value-unstorable', `$${path}`, problem, { cause })
  }
}
