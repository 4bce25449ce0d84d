import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { PayloadError, UsageError } from '../errors.ts'
import type { PayloadCodec } from '../types/payload-codec.ts'

/** Keys of 32 bytes as base64, by id. All open; `current` seals. */
export interface PayloadKeys {
  readonly current: string
  readonly keys: Readonly<Record<string, string>>
}

const algorithm = 'aes-256-gcm'
const version = 1
const nonceBytes = 12
const tagBytes = 16
const keyBytes = 32
const maxIdBytes = 100

/**
 * AES-256-GCM with a key id in what it seals: `version, id length, id, nonce, text, tag`. To rotate, add a key
 * everywhere, then make it `current`; take an old one away when nothing that it sealed is kept any more.
 *
 * @example lambda(checkout).codec(aesGcm({ current: '2026-07', keys: { '2026-07': process.env.KEY } }))
 * @throws UsageError `option-invalid` for keys that are none
 */
export function aesGcm({ current, keys }: PayloadKeys): PayloadCodec {
  const known = new Map(Object.entries(keys).map(([id, text]) => [id, keyFrom(id, text)]))
  const sealing = known.get(current)
  if (sealing === undefined) {
    throw new UsageError('option-invalid', `There is no payload key "${current}" to seal with`)
  }
  const head = headOf(current)
  return {
    seal(bytes) {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv(algorithm, sealing, nonce).setAAD(head)
      const text = [cipher.update(bytes), cipher.final()]
      return Buffer.concat([head, nonce, ...text, cipher.getAuthTag()])
    },
    open(sealed) {
      const { id, head: own, rest } = read(sealed)
      const key = known.get(id)
      if (key === undefined) throw unknownKey(id, [...known.keys()])
      try {
        const decipher = createDecipheriv(algorithm, key, rest.subarray(0, nonceBytes))
          .setAAD(own)
          .setAuthTag(rest.subarray(-tagBytes))
        const text = rest.subarray(nonceBytes, -tagBytes)
        return Buffer.concat([decipher.update(text), decipher.final()])
      } catch (cause) {
        throw corrupt(`what the key "${id}" has sealed has been changed`, cause)
      }
    },
  }
}

/** Reads `{ "current": …, "keys": { … } }`. @throws UsageError `option-invalid`, which repeats nothing of the text */
export function parsePayloadKeys(text: string): PayloadKeys {
  try {
    const { current, keys }: { current?: unknown; keys?: unknown } = JSON.parse(text)
    if (typeof current === 'string' && isTexts(keys)) return { current, keys }
  } catch {
    // Said below: the parser's message would quote a key.
  }
  throw new UsageError(
    'option-invalid',
    'Payload keys are given as {"current": "<id>", "keys": {"<id>": "<32 bytes as base64>"}}',
  )
}

function isTexts(input: unknown): input is Record<string, string> {
  return (
    typeof input === 'object' &&
    input !== null &&
    Object.values(input).every((value) => typeof value === 'string')
  )
}

function keyFrom(id: string, text: string): Uint8Array {
  const bytes = Buffer.byteLength(id)
  if (bytes === 0 || bytes > maxIdBytes) {
    throw new UsageError('option-invalid', `A payload key's id has 1 to ${maxIdBytes} bytes`)
  }
  const key = Buffer.from(text, 'base64')
  if (key.byteLength === keyBytes) return key
  throw new UsageError(
    'option-invalid',
    `The payload key "${id}" has ${key.byteLength} bytes as base64: it needs ${keyBytes}`,
  )
}

function headOf(id: string): Buffer {
  const text = Buffer.from(id)
  return Buffer.concat([Uint8Array.of(version, text.byteLength), text])
}

function read(sealed: Uint8Array) {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
  const end = 2 + (bytes[1] ?? 0)
  if (bytes[0] !== version || bytes.byteLength < end + nonceBytes + tagBytes) {
    throw corrupt('it is not what AES-GCM has sealed here', undefined)
  }
  return {
    id: bytes.subarray(2, end).toString(),
    head: bytes.subarray(0, end),
    rest: bytes.subarray(end),
  }
}

function unknownKey(id: string, known: readonly string[]): PayloadError {
  const ours = known.map((one) => `"${one}"`).join(', ')
  return new PayloadError(
    'payload-key-unknown',
    `A value is sealed with the key "${id}", and here are only ${ours}: add it to the payload keys`,
  )
}

function corrupt(what: string, cause: unknown): PayloadError {
  return new PayloadError('payload-corrupt', `A value cannot be opened: ${what}`, { cause })
}
