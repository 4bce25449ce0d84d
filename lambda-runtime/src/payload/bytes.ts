import { parse } from 'devalue'
import type { Value } from '../protocol/index.ts'

/** The bytes of a value that is bytes, or text; `undefined` of any other. */
export function bytesOf(value: Value): Uint8Array | undefined {
  if ('json' in value && typeof value.json === 'string') return new TextEncoder().encode(value.json)
  const decoded: unknown = 'rich' in value ? parse(value.rich) : undefined
  return decoded instanceof Uint8Array ? decoded : undefined
}
