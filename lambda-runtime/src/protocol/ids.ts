import { createHash } from 'node:crypto'
import * as v from 'valibot'
import { ProtocolError } from './protocol-error.ts'

/**
 * The public name of an invocation: `<service>.<26 characters>`, with the key between them for objects and workflows.
 * So a journal's place follows from the id alone, a function's role can be limited to its own services, and one
 * that still waits in a mailbox, without a journal, can be found. In the key all but letters, digits, `_` and `-` is
 * written as `~` and two hex digits for each byte of its UTF-8 form.
 */
export type InvocationId = string & { readonly '~id': 'invocation' }
/** `<invocation id>.<op>`: completing an awakeable appends to the journal that the id names. */
export type AwakeableId = string & { readonly '~id': 'awakeable' }

const servicePattern = /^[A-Za-z][A-Za-z0-9_-]{0,99}$/
const idPattern =
  /^([A-Za-z][A-Za-z0-9_-]{0,99})(?:\.((?:[A-Za-z0-9_-]|~[0-9a-f]{2})+))?\.([0-9a-hjkmnp-tv-z]{26})$/
/** Bytes of UTF-8: what a key of the table holds, even if each takes three characters. */
const maxKeyBytes = 512
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

/** Whose an invocation is: a service (its name will do), or one key of an object or workflow. */
export type Owner = string | { readonly service: string; readonly key?: string | undefined }
/** A handler, as far as ids depend on it. */
type Addressee = { readonly service: string; readonly key?: string; readonly handler: string }

/** The key of an object or workflow: not empty, at most 512 bytes of UTF-8. */
export const keySchema = v.pipe(
  v.string(),
  v.check((key) => {
    const bytes = Buffer.byteLength(key)
    return bytes > 0 && bytes <= maxKeyBytes && Buffer.from(key).toString() === key
  }, `expected a key of 1 to ${maxKeyBytes} bytes`),
)

/** The service whose journals hold this invocation. */
export function serviceOf(id: InvocationId): string {
  return id.slice(0, id.indexOf('.'))
}

/** The key of the object or workflow that it is for. */
export function keyOf(id: InvocationId): string | undefined {
  const key = idPattern.exec(id)?.[2]
  return key === undefined ? undefined : decodeURIComponent(key.replaceAll('~', '%'))
}

function encodeKey(key: string): string {
  return key.replaceAll(/[^A-Za-z0-9_-]/gu, (character) =>
    Buffer.from(character)
      .toString('hex')
      .replaceAll(/../g, (byte) => `~${byte}`),
  )
}

/**
 * An id that follows from what it stands for, so that doing a thing twice is doing it once (INV-9).
 * Each part is hashed with its length: `['a','bc']` and `['ab','c']` differ.
 */
export function deriveInvocationId(owner: Owner, parts: readonly string[]): InvocationId {
  const hash = createHash('sha256')
  const service = typeof owner === 'string' ? owner : owner.service
  for (const part of [service, ...parts]) hash.update(`${Buffer.byteLength(part)}:${part}`)
  return invocationIdFrom(owner, hash.digest())
}

/** The id of the child that op `op` of `parent` creates, whoever carries the op out, and how often. */
export function childInvocationId(owner: Owner, parent: InvocationId, op: number): InvocationId {
  return deriveInvocationId(owner, ['child', parent, String(op)])
}

/** The id of the one invocation of this handler with this idempotency key. */
export function idempotentId(target: Addressee, idempotencyKey: string): InvocationId {
  return deriveInvocationId(target, ['key', target.handler, idempotencyKey])
}

/**
 * The id of a workflow's only run for its key; `undefined` for other handlers. Only workflows have a key and a
 * handler called `run`.
 */
export function workflowRunId(target: Addressee): InvocationId | undefined {
  const isRun = target.key !== undefined && target.handler === 'run'
  return isRun ? deriveInvocationId(target, ['run']) : undefined
}

/** The id of what a call or send creates, for whoever carries it out and for the handler that wants to know it before. */
export function childIdFor(
  target: Addressee,
  {
    parent,
    op,
    idempotencyKey,
  }: {
    readonly parent: InvocationId
    readonly op: number
    readonly idempotencyKey: string | undefined
  },
): InvocationId {
  const run = workflowRunId(target)
  if (run !== undefined) return run
  return idempotencyKey === undefined
    ? childInvocationId(target, parent, op)
    : idempotentId(target, idempotencyKey)
}

/** An id from at least 17 bytes of randomness or of a hash. */
export function invocationIdFrom(owner: Owner, bytes: Uint8Array): InvocationId {
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
  const { service, key } = typeof owner === 'string' ? { service: owner, key: undefined } : owner
  const prefix = key === undefined ? service : `${service}.${encodeKey(key)}`
  return `${prefix}.${id}` as InvocationId
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
