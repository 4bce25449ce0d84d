import { TerminalError } from './errors.ts'
import { invalid } from './invalid.ts'
import type { Serde } from './types/serde.ts'

/** A media type without parameters: what a manifest can tell, and a request be held against. */
const mediaType = /^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+$/i
const octets = 'application/octet-stream'

/** The serdes of this package. A custom one is an object with `serialize` and `deserialize`. */
export const serde: {
  /** The default: any storable value, plain JSON where JSON can carry it. */
  json<T>(): Serde<T>
  /** Bytes as they are; over HTTP `application/octet-stream`. */
  readonly bytes: Serde<Uint8Array>
  /** Text as it is; over HTTP `text/plain`. */
  readonly string: Serde<string>
} = {
  json: <T>() => json as Serde<T>,
  bytes: {
    contentType: octets,
    serialize: (bytes) => bytes,
    deserialize: (bytes) => bytes,
  },
  string: {
    contentType: 'text/plain',
    '~stored': 'text',
    serialize: (text) => new TextEncoder().encode(text),
    deserialize: textOf,
  },
}

const json: Serde<unknown> = {
  contentType: 'application/json',
  '~stored': 'value',
  serialize: (value) => new TextEncoder().encode(JSON.stringify(value)),
  deserialize: (bytes) => JSON.parse(textOf(bytes)),
}

/** Of a handler. */
export interface Serdes {
  readonly input?: Serde<unknown>
  readonly output?: Serde<unknown>
}

/** What is stored in place of `value`: bytes, or text, or the value itself. */
export function toStored(by: Serde<unknown> | undefined, value: unknown): unknown {
  if (by === undefined || by['~stored'] === 'value') return value
  if (by['~stored'] === 'text') return checkText(value)
  const bytes = by.serialize(value)
  if (bytes instanceof Uint8Array) return bytes
  throw new TerminalError('A serde made something that is no Uint8Array', {
    code: 'value-unstorable',
  })
}

/** The value that `stored` stands for. @throws TerminalError `value-unreadable` */
export function fromStored(by: Serde<unknown> | undefined, stored: unknown): unknown {
  if (by === undefined || by['~stored'] === 'value') return stored
  const bytes = bytesOf(stored)
  if (bytes === undefined) {
    throw new TerminalError(
      `What is stored is neither bytes nor text, as ${mediaTypeOf(by)} would be: give the call the definition, or the serde of its handler`,
      { code: 'value-unreadable', status: 400 },
    )
  }
  try {
    return by.deserialize(bytes)
  } catch (cause) {
    throw new TerminalError(`What is stored cannot be read as ${mediaTypeOf(by)}`, {
      code: 'value-unreadable',
      status: 400,
      cause,
    })
  }
}

/** The media type that bodies over HTTP have; `undefined` for JSON, which needs no mention. */
export function mediaOf(by: Serde<unknown> | undefined): string | undefined {
  return by === undefined || by['~stored'] === 'value' ? undefined : mediaTypeOf(by)
}

/** The serdes of a definition's handler; none where only the definition's name is known. */
export function serdesOf(definition: unknown, handler: string): Serdes {
  const runtime = isObject(definition) ? definition['~runtime'] : undefined
  const handlers = isObject(runtime) ? runtime['handlers'] : undefined
  const found: unknown = handlers instanceof Map ? handlers.get(handler) : undefined
  const serdes = isObject(found) ? found['serdes'] : undefined
  return isObject(serdes) ? serdes : {}
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

export function isSerde(input: unknown): input is Serde<unknown> {
  return typeof input === 'object' && input !== null && 'deserialize' in input
}

/** @throws UsageError `definition-invalid` */
export function checkSerde(label: string, by: Serde<unknown>): Serde<unknown> {
  if (typeof by?.serialize !== 'function' || typeof by.deserialize !== 'function') {
    throw invalid(`${label} has a serde without serialize() or deserialize()`)
  }
  if (by.contentType !== undefined && !mediaType.test(by.contentType)) {
    throw invalid(`${label} has a serde whose contentType is no media type, such as text/csv`)
  }
  return by
}

function mediaTypeOf({ contentType = octets }: Serde<unknown>): string {
  return contentType.toLowerCase()
}

function checkText(value: unknown): string {
  if (typeof value === 'string') return value
  throw new TerminalError('serde.string was given something that is no text', {
    code: 'value-unstorable',
  })
}

function bytesOf(stored: unknown): Uint8Array | undefined {
  if (typeof stored === 'string') return new TextEncoder().encode(stored)
  return stored instanceof Uint8Array ? stored : undefined
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
}
