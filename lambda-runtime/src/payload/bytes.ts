import { parse, stringify } from 'devalue'
import type { Value } from '../protocol/index.ts'

/** Bytes as a value: what a handler gets that takes raw bodies. */
export function bytesValue(bytes: Uint8Array): Value {
  return { rich: stringify(new Uint8Array(bytes)) }
}

/** The bytes of a value that is bytes, or text; `undefined` of any other. */
export function bytesOf(value: Value): Uint8Array | undefined {
  if ('json' in value && typeof value.json === 'string') return new TextEncoder().encode(value.json)
  const decoded: unknown = 'rich' in value ? parse(value.rich) : undefined
  return decoded instanceof Uint8Array ? decoded : undefined
}
