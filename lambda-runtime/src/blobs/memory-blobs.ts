import type { BlobStore } from './blob-store.ts'

/** Blobs that end with the process. `now` (epoch ms) dates them: what deletes old ones is whoever holds the map. */
export class MemoryBlobs implements BlobStore {
  readonly blobs = new Map<string, { readonly bytes: Uint8Array; readonly touchedAt: number }>()
  readonly #now: () => number

  constructor(now: () => number = () => Date.now()) {
    this.#now = now
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    this.blobs.set(key, { bytes: bytes.slice(), touchedAt: this.#now() })
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.blobs.get(key)?.bytes.slice()
  }

  async touch(key: string): Promise<boolean> {
    const blob = this.blobs.get(key)
    if (blob !== undefined) this.blobs.set(key, { ...blob, touchedAt: this.#now() })
    return blob !== undefined
  }
}
