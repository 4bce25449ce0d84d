import type { BlobStore } from '../blobs/blob-store.ts'
import { openBlobs } from '../blobs/open-blobs.ts'
import type { Entry, EntryKind, InvokeRequest, Segment, StateCell } from '../protocol/index.ts'
import type { AttemptPayloads } from '../replay/ports.ts'
import {
  type Credentials,
  credentialsFrom,
  type Environment,
  lambdaEnvironment,
} from '../table/environment.ts'
import type { PayloadCodec } from '../types/payload-codec.ts'
import { forEach, Payloads } from './payloads.ts'
import { holdsParts } from './stored-parts.ts'

export type AttemptPayloadsOptions = {
  /** What `lambda(…).codec(…)` was given; else the environment's keys, if there are any. */
  readonly codec: () => PayloadCodec | undefined
  readonly environment?: () => Environment
  /** Instead of those of the environment. */
  readonly credentials?: (() => Promise<Credentials>) | undefined
  /** In place of what the request's channel names. */
  readonly blobs?: BlobStore
}

/** Holds the payload keys of a function. */
const payloadKeysVariable = 'FERMATA_PAYLOAD_KEYS'

/** How the attempts of one function read and write stored values. `undefined`: as they are. */
export function createAttemptPayloads(
  options: AttemptPayloadsOptions,
): (request: InvokeRequest) => Promise<AttemptPayloads | undefined> {
  const environment = options.environment ?? lambdaEnvironment
  const credentials = options.credentials ?? (() => credentialsFrom(environment()))
  let fromKeys: Promise<PayloadCodec> | undefined
  const codecOf = async (): Promise<PayloadCodec | undefined> => {
    const given = options.codec()
    const keys = environment()[payloadKeysVariable]
    if (given !== undefined || !keys) return given
    fromKeys ??= codecFromKeys(keys)
    return fromKeys
  }
  return async ({ channel, target }) => {
    const codec = await codecOf()
    const blobs = options.blobs ?? (channel.blobs && openBlobs(channel.blobs, credentials))
    const payloads = new Payloads({ codec, blobs, limitBytes: channel.blobsFrom })
    return new HandlerPayloads(payloads, target.service, codec !== undefined || blobs !== undefined)
  }
}

async function codecFromKeys(keys: string): Promise<PayloadCodec> {
  const { aesGcm, parsePayloadKeys } = await import('./aes-gcm.ts')
  return aesGcm(parsePayloadKeys(keys))
}

/** What a handler never looks at again: it is not fetched and opened for nothing. */
const unread: ReadonlySet<EntryKind> = new Set([
  'call',
  'send',
  'awakeable-complete',
  'signal-send',
  'promise-complete',
  'attempt-failed',
  'paused',
  'output',
])

class HandlerPayloads implements AttemptPayloads {
  readonly #payloads: Payloads
  readonly #service: string
  readonly #packs: boolean
  /**
   * An entry is packed once: what is tried again is the very same (INV-1), and a nonce would make it another. One
   * that could not be packed is packed anew.
   */
  readonly #packed = new WeakMap<Entry, Promise<Entry>>()

  constructor(payloads: Payloads, service: string, packs: boolean) {
    this.#payloads = payloads
    this.#service = service
    this.#packs = packs
  }

  async openRequest(request: InvokeRequest): Promise<InvokeRequest> {
    const { state } = request
    return {
      ...request,
      journal: (await this.open(request.journal)) as InvokeRequest['journal'],
      ...(state !== undefined && {
        state: { ...state, cells: await this.#openCells(state.cells) },
      }),
    }
  }

  async open(segments: readonly Segment[]): Promise<readonly Segment[]> {
    const opened = segments.map(({ entries }) => [...entries])
    const closed = opened.flatMap((entries) =>
      entries.flatMap((entry, index) =>
        holdsParts(entry) && !unread.has(entry.kind) ? [{ entries, entry, index }] : [],
      ),
    )
    await forEach(closed, async ({ entries, entry, index }) => {
      entries[index] = await this.#payloads.openEntry(entry)
    })
    return segments.map((segment, index) => ({ ...segment, entries: opened[index] ?? [] }))
  }

  openValue: AttemptPayloads['openValue'] = (value) => this.#payloads.open(value)

  async pack(entries: readonly Entry[]): Promise<readonly Entry[]> {
    if (!this.#packs) return entries
    const packed = [...entries]
    await forEach(entries, async (entry, index) => {
      packed[index] = await this.#packOne(entry)
    })
    return packed
  }

  packFailure: AttemptPayloads['packFailure'] = (failure) => this.#payloads.packFailure(failure)

  #packOne(entry: Entry): Promise<Entry> {
    const known = this.#packed.get(entry)
    if (known !== undefined) return known
    const packing = this.#payloads.packEntry(entry, this.#service)
    this.#packed.set(entry, packing)
    packing.catch(() => this.#packed.delete(entry))
    return packing
  }

  async #openCells(cells: readonly StateCell[]): Promise<StateCell[]> {
    const opened = [...cells]
    await forEach(cells, async (cell, index) => {
      if ('value' in cell) {
        opened[index] = { name: cell.name, value: await this.#payloads.open(cell.value) }
      }
    })
    return opened
  }
}
