import {
  aesGcm,
  type BlobStore,
  PayloadError,
  type PayloadKeys,
  Payloads as StoredPayloads,
  touchBlobs,
} from '@fermata/lambda-runtime/payload'
import type { Entry, Outcome } from '@fermata/lambda-runtime/protocol'
import { FermataError } from '../../domain/errors.ts'
import type { Payloads } from '../../ports/index.ts'

export type StoredPayloadsOptions = {
  readonly encryption: PayloadKeys | undefined
  readonly blobs: BlobStore | undefined
  /** Values over this many bytes become blobs. */
  readonly limitBytes: number
}

/** Payloads by the code that handlers use. @throws FermataError `config-invalid` for keys that are none */
export function createStoredPayloads(options: StoredPayloadsOptions): Payloads {
  const { encryption, blobs, limitBytes } = options
  const codec = encryption === undefined ? undefined : aesGcm(encryption)
  const stored = new StoredPayloads({ codec, blobs, limitBytes })
  return {
    seals: codec !== undefined,
    pack: (value, place) => classed(stored.pack(value, place)),
    open: (value) => classed(stored.open(value)),
    packOutcome: (outcome, service) =>
      throughEntry(outcome, (entry) => stored.packEntry(entry, service)),
    openOutcome: (outcome) => throughEntry(outcome, (entry) => stored.openEntry(entry)),
    packFailure: (failure) => classed(stored.packFailure(failure)),
    packHeaders: (headers) => classed(stored.packHeaders(headers)),
    touch: async (entries) => {
      if (blobs !== undefined) await classed(touchBlobs(blobs, entries))
    },
  }
}

/** An outcome has the parts of the entry that it would stand in. */
async function throughEntry(
  result: Outcome,
  pass: (entry: Entry) => Promise<Entry>,
): Promise<Outcome> {
  const entry = await classed(pass({ kind: 'output', result }))
  return entry.kind === 'output' ? entry.result : result
}

async function classed<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof PayloadError)) throw error
    throw new FermataError(error.code, error.message, { cause: error.cause })
  }
}
