import type { Entry } from '../protocol/index.ts'

/** How long an entry is when it is stored. */
export function entryBytes(entry: Entry): number {
  return Buffer.byteLength(JSON.stringify(entry)) + 1
}

/** How many of the first entries fit into one segment of `maxBytes`; one that is larger stands alone. */
export function fitting(entries: readonly Entry[], maxBytes: number): number {
  let bytes = 0
  const over = entries.findIndex((entry, index) => {
    bytes += entryBytes(entry)
    return bytes > maxBytes && index > 0
  })
  return over === -1 ? entries.length : over
}
