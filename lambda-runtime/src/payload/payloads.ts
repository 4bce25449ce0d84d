import { createHash } from 'node:crypto'
import * as v from 'valibot'
import type { BlobStore } from '../blobs/blob-store.ts'
import { PayloadError } from '../errors.ts'
import {
  type Entry,
  type Failure,
  failureSchema,
  type Value,
  valueSchema,
} from '../protocol/index.ts'
import type { PayloadCodec } from '../types/payload-codec.ts'
import { type Headers, type Lasting, mapEntry, type Parts } from './stored-parts.ts'

/** Whose a value is, and so where its blob goes. `journal` unless it is an object's state. */
export type Place = { readonly service: string; readonly lasting?: Lasting }

export type PayloadsOptions = {
  readonly codec?: PayloadCodec | undefined
  readonly blobs?: BlobStore | undefined
  /** Values over this many bytes, as they are stored, become blobs. */
  readonly limitBytes?: number | undefined
}

const defaultLimitBytes = 256 * 1024
/** Stands in place of all headers when they are sealed. */
const sealedHeaders = 'fermata-sealed'
const refPattern = /^(?:journal|state)\/[A-Za-z][A-Za-z0-9_-]{0,99}\/([0-9a-f]{64})$/

/** What a codec sees of a failure. */
const sealedFailureSchema = v.object({
  message: v.string(),
  stack: v.exactOptional(v.string()),
  cause: v.exactOptional(failureSchema),
})

/**
 * Between what users see and what is stored: a value is sealed by the codec, then kept as a blob where it is too
 * long, and the way back. Packing what is packed changes nothing, so what is passed on may go through it again.
 */
export class Payloads {
  readonly #options: PayloadsOptions

  constructor(options: PayloadsOptions) {
    this.#options = options
  }

  /** Durable when it resolves: a blob is there before anything names it. @throws PayloadError */
  async pack(value: Value, { service, lasting = 'journal' }: Place): Promise<Value> {
    if ('list' in value) {
      const list = await Promise.all(value.list.map((one) => this.pack(one, { service, lasting })))
      return this.#keptList(list, `${lasting}/${service}`)
    }
    const { codec } = this.#options
    const isOpen = !('void' in value || 'sealed' in value || 'ref' in value)
    const stored = codec !== undefined && isOpen ? await this.#sealed(codec, value) : value
    return this.#kept(stored, `${lasting}/${service}`)
  }

  /** @throws PayloadError */
  async open(value: Value): Promise<Value> {
    const here = 'ref' in value ? await this.#fetched(value) : value
    if ('list' in here) return { list: await Promise.all(here.list.map((one) => this.open(one))) }
    if (!('sealed' in here)) return here
    const opened = v.safeParse(valueSchema, await this.#unsealed(here.sealed))
    if (opened.success) return opened.output
    throw new PayloadError('payload-corrupt', 'What a codec has opened is no value')
  }

  /** Message, stack and cause are sealed; code, name and status say what to do with it. */
  async packFailure(failure: Failure): Promise<Failure> {
    const { codec } = this.#options
    if (codec === undefined || failure.sealed !== undefined) return failure
    const { message, stack, cause, ...open } = failure
    const hidden = { message, stack, cause }
    return { ...open, message: 'sealed', sealed: base64(await seal(codec, hidden)) }
  }

  async openFailure(failure: Failure): Promise<Failure> {
    const { sealed, cause, ...open } = failure
    if (sealed === undefined) {
      return cause === undefined ? failure : { ...failure, cause: await this.openFailure(cause) }
    }
    const hidden = v.safeParse(sealedFailureSchema, await this.#unsealed(sealed))
    if (hidden.success) return { ...open, ...hidden.output }
    throw new PayloadError('payload-corrupt', 'What a codec has opened is no failure')
  }

  async packHeaders(headers: Headers): Promise<Headers> {
    const { codec } = this.#options
    const isDone = Object.keys(headers).every((name) => name === sealedHeaders)
    if (codec === undefined || isDone) return headers
    return { [sealedHeaders]: base64(await seal(codec, headers)) }
  }

  async openHeaders(headers: Headers): Promise<Headers> {
    const sealed = headers[sealedHeaders]
    // Without a codec nobody has sealed any: a header of this name is the sender's.
    if (sealed === undefined || this.#options.codec === undefined) return headers
    const opened = v.safeParse(v.record(v.string(), v.string()), await this.#unsealed(sealed))
    if (opened.success) return opened.output
    throw new PayloadError('payload-corrupt', 'What a codec has opened are no headers')
  }

  packEntry(entry: Entry, service: string): Promise<Entry> {
    return mapEntry(entry, this.#packing(service))
  }

  openEntry(entry: Entry): Promise<Entry> {
    return mapEntry(entry, this.#opening)
  }

  #packing(service: string): Parts {
    return {
      value: (value, lasting) => this.pack(value, { service, lasting }),
      failure: (failure) => this.packFailure(failure),
      headers: (headers) => this.packHeaders(headers),
    }
  }

  readonly #opening: Parts = {
    value: (value) => this.open(value),
    failure: (failure) => this.openFailure(failure),
    headers: (headers) => this.openHeaders(headers),
  }

  async #sealed(codec: PayloadCodec, value: Value): Promise<Value> {
    return { sealed: base64(await seal(codec, value)) }
  }

  async #unsealed(text: string): Promise<unknown> {
    const { codec } = this.#options
    if (codec === undefined) {
      const message = 'A value is sealed, and here is no codec: set the payload keys'
      throw new PayloadError('payload-key-unknown', message)
    }
    const bytes = await guarded('open', () => codec.open(Buffer.from(text, 'base64')))
    return parse(bytes)
  }

  async #kept(value: Value, folder: string): Promise<Value> {
    const { blobs, limitBytes = defaultLimitBytes } = this.#options
    if (blobs === undefined || 'ref' in value || 'void' in value) return value
    const bytes = Buffer.from(JSON.stringify(value))
    if (bytes.byteLength <= limitBytes) return value
    const ref = `${folder}/${hashOf(bytes)}`
    await reached(blobs.put(ref, bytes))
    return { ref, bytes: bytes.byteLength }
  }

  /** What keeps blobs young does not look into them: a list that becomes one holds no other. */
  async #keptList(list: readonly Value[], folder: string): Promise<Value> {
    const { blobs, limitBytes = defaultLimitBytes } = this.#options
    const short: Value = { list: [...list] }
    if (blobs === undefined || bytesOf(short) <= limitBytes) return short
    const whole = list.map((one) => ('ref' in one ? this.#fetched(one) : one))
    return this.#kept({ list: await Promise.all(whole) }, folder)
  }

  async #fetched({ ref, bytes }: Extract<Value, { ref: string }>): Promise<Value> {
    const [, hash] = refPattern.exec(ref) ?? []
    const { blobs } = this.#options
    if (hash === undefined) throw corruptBlob(ref, 'is no name of a blob')
    if (blobs === undefined) {
      const message = `A value is kept as blob ${ref}, and here is no blob store: configure payloads.blobs`
      throw new PayloadError('blobs-unreachable', message)
    }
    const blob = await reached(blobs.get(ref))
    if (blob === undefined) {
      const message = `The blob ${ref} (${bytes} bytes) is not there any more: was it deleted before its journal?`
      throw new PayloadError('payload-missing', message)
    }
    if (hashOf(blob) !== hash) throw corruptBlob(ref, 'is not what was stored')
    const value = v.safeParse(valueSchema, parse(blob))
    if (value.success) return value.output
    throw corruptBlob(ref, 'is no value')
  }
}

const atOnce = 16

/** Does it to all, some at once. */
export async function forEach<T>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const left = items.entries()
  const worker = async () => {
    for (const [index, item] of left) await work(item, index)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
}

function seal(codec: PayloadCodec, content: unknown): Promise<Uint8Array> {
  const bytes = Buffer.from(JSON.stringify(content))
  return guarded('seal', () => codec.seal(bytes))
}

/** Neither message nor cause of a codec's error is kept: it may quote what it should hide. */
async function guarded(
  how: 'seal' | 'open',
  work: () => Uint8Array | Promise<Uint8Array>,
): Promise<Uint8Array> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof PayloadError) throw error
    const name = error instanceof Error ? error.name : typeof error
    const message = `The payload codec could not ${how} a value (${name})`
    throw new PayloadError('payload-codec-failed', message)
  }
}

async function reached<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    if (cause instanceof PayloadError) throw cause
    throw new PayloadError('blobs-unreachable', 'The blob store cannot be used', { cause })
  }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch {
    return undefined
  }
}

function corruptBlob(ref: string, what: string): PayloadError {
  return new PayloadError('payload-corrupt', `The blob ${ref} ${what}`)
}

function bytesOf(value: Value): number {
  return Buffer.byteLength(JSON.stringify(value))
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
