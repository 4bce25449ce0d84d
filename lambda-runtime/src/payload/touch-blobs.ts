import type { BlobStore } from '../blobs/blob-store.ts'
import type { Entry, Value } from '../protocol/index.ts'
import { forEach } from './payloads.ts'
import { mapEntry, type Parts } from './stored-parts.ts'

/** Keeps the blobs that these entries name from growing old. Those of an object's state never do. */
export async function touchBlobs(blobs: BlobStore, entries: readonly Entry[]): Promise<void> {
  await forEach(await refsOf(entries), async (ref) => {
    await blobs.touch(ref)
  })
}

/** The blobs that entries name, but for those of an object's state. */
async function refsOf(entries: readonly Entry[]): Promise<readonly string[]> {
  const refs = new Set<string>()
  const collecting: Parts = {
    async value(value, lasting) {
      if (lasting === 'journal') addRefs(value, refs)
      return value
    },
    failure: async (failure) => failure,
    headers: async (headers) => headers,
  }
  for (const entry of entries) await mapEntry(entry, collecting)
  return [...refs]
}

function addRefs(value: Value, refs: Set<string>): void {
  if ('ref' in value) refs.add(value.ref)
  if ('list' in value) for (const one of value.list) addRefs(one, refs)
}
