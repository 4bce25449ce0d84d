import { createHash } from 'node:crypto'
import * as v from 'valibot'
import { ProtocolError } from './protocol-error.ts'

/**
 * The public name of an invocation: `<service>.<26 characters>`. The service is part of it, so that a
 * journal's key follows from the id alone, and a function's role can be limited to its own services.
 */
export type InvocationId = string & { readonly '~id': 'invocation' }
/** `<invocation id>.<op>`: completing an awakeable appends to the journal that the id names. */
export type AwakeableId = string & { readonly '~id': 'awakeable' }

const servicePattern = /^[A-Za-z][A-Za-z0-9_-]{0,99}$/
const idPattern = /^([A-Za-z][A-Za-z0-9_-]{0,99})\.([0-9a-hjkmnp-tv-z]{26})$/
const awakeablePattern = /^(.+)\.(\d{1,9})$/
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

export const serviceNameSchema = v.pipe(v.string(), v.regex(servicePattern))
export const handlerNameSchema = serviceNameSchema
export const invocationIdSchema = v.pipe(
  v.string(),
  v.regex(idPattern),
  v.transform((id) => id as InvocationId),
)

/** Reads an invocation id that came from outside. @throws ProtocolError `bad-invocation-id` */
export function parseInvocationId(text: string): InvocationId {
  if (!idPattern.test(text)) {
    throw new ProtocolError('bad-invocation-id', `"${text}" is not an invocation id`)
  }
  return text as InvocationId
}

/** The service whose journals hold this invocation. */
export function serviceOf(id: InvocationId): string {
  return id.slice(0, id.lastIndexOf('.'))
}

/**
 * An id that follows from what it stands for, so that doing a thing twice is doing it once (INV-9).
 * Each part is hashed with its length: `['a','bc']` and `['ab','c']` differ.
 */
export function deriveInvocationId(service: string, parts: readonly string[]): InvocationId {
  const hash = createHash('sha256')
  for (const part of [service, ...parts]) hash.update(`${Buffer.byteLength(part)}:${part}`)
  return invocationIdFrom(service, hash.digest())
}

/** The id of the child that op `op` of `parent` creates, whoever carries the op out, and how often. */
export function childInvocationId(service: string, parent: InvocationId, op: number): InvocationId {
  return deriveInvocationId(service, ['child', parent, String(op)])
}

/** An id from at least 17 bytes of randomness or of a hash. */
export function invocationIdFrom(service: string, bytes: Uint8Array): InvocationId {
  let id = ''
  let bits = 0
  let held = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= 5 && id.length < 26) {
      bits -= 5
      id += alphabet[(held >> bits) & 31]
    }
    held &= (1 << bits) - 1
  }
  return `${service}.${id}` as InvocationId
}

export function awakeableId(invocation: InvocationId, op: number): AwakeableId {
  return `${invocation}.${op}` as AwakeableId
}

/** Which journal and which op an awakeable's id names. @throws ProtocolError `bad-awakeable-id` */
export function parseAwakeableId(text: string): { invocation: InvocationId; op: number } {
  const [, invocation, op] = awakeablePattern.exec(text) ?? []
  if (invocation === undefined || op === undefined || !idPattern.test(invocation)) {
    throw new ProtocolError('bad-awakeable-id', `"${text}" is not an awakeable id`)
  }
  return { invocation: invocation as InvocationId, op: Number(op) }
}
