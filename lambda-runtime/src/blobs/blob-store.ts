/**
 * Keeps what is too long for the journal. A key names its content, so putting it twice is putting it once, and what
 * stands there never changes.
 */
export interface BlobStore {
  /** Durable when it resolves. */
  put(key: string, bytes: Uint8Array): Promise<void>
  /** `undefined`: there is no such blob. */
  get(key: string): Promise<Uint8Array | undefined>
  /** Makes it as young as a new one, for whatever deletes old ones. `false`: there is no such blob. */
  touch(key: string): Promise<boolean>
}
