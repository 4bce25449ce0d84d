import { bytesValue, type Value } from '@fermata/lambda-runtime/protocol'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** `undefined`: it is not UTF-8. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

/**
 * The input of a handler with a serde, which `accepts` that media type: the bytes as they came. Text is stored as text,
 * which stays readable in the table and is the same bytes again.
 */
export function rawInput(bytes: Uint8Array, accepts: string): Value {
  const text = accepts.startsWith('text/') ? decodeText(bytes) : undefined
  return text === undefined ? bytesValue(bytes) : { json: text }
}
