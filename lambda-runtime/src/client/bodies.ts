import { fromStored, mediaOf, toStored } from '../serde.ts'
import type { Serde } from '../types/serde.ts'
import { decodeValue, encodeValue } from '../values.ts'

/** Values that JSON cannot carry (dates, maps, bytes, …), as devalue text. */
const richType = 'application/vnd.fermata.rich+json'
const jsonType = 'application/json'

export interface Body {
  /** `undefined` for no value. */
  readonly type: string | undefined
  readonly content: string | Uint8Array
}

/** A value on its way to a handler. @throws ValueError for what cannot be stored */
export function bodyOf(value: unknown, by?: Serde<unknown>): Body {
  const media = mediaOf(by)
  if (by !== undefined && media !== undefined) {
    const stored = toStored(by, value)
    return { type: media, content: stored instanceof Uint8Array ? stored : String(stored) }
  }
  const encoded = encodeValue(value)
  if ('rich' in encoded) return { type: richType, content: encoded.rich }
  if ('json' in encoded) return { type: jsonType, content: JSON.stringify(encoded.json) }
  return { type: undefined, content: '' }
}

/** The value that an answer brings: what the handler returned. */
export async function valueIn(response: Response, by?: Serde<unknown>): Promise<unknown> {
  if (response.status === 204) return undefined
  const type = mediaTypeOf(response)
  if (type === richType) return decodeValue({ rich: await response.text() })
  if (type === jsonType) return JSON.parse(await response.text())
  const bytes = new Uint8Array(await response.arrayBuffer())
  if (mediaOf(by) !== undefined) return fromStored(by, bytes)
  return type?.startsWith('text/') ? new TextDecoder().decode(bytes) : bytes
}

export function mediaTypeOf({ headers }: Response): string | undefined {
  return headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
}
