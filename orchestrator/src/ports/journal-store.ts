import type { InvocationId, Segment } from '@fermata/lambda-runtime/protocol'

/** A journal as it stands: its segments 0..n-1 in order, all of one life (`born`). Empty: it does not exist or has expired. */
export type Journal = {
  readonly segments: readonly Segment[]
  /** Epoch ms after which segment 0, and so the whole journal, counts as absent. */
  readonly expires: number
}

export type Appended =
  | { readonly kind: 'appended' }
  /** Somebody else wrote segment `n` first; `existing` is what stands there, where the store tells. */
  | { readonly kind: 'conflict'; readonly existing: Segment | undefined }

/**
 * Journals: logs with compare-and-set append (INV-1).
 *
 * `append` of the very segment that is already stored (the answer was lost) is `appended`: the same invocation,
 * `born`, `n`, `writer` and entries. An item of an expired life, or of a foreign `born`, may be
 * overwritten. Reads are consistent.
 */
export interface JournalStore {
  load(id: InvocationId): Promise<Journal>
  /** The segments from `from` on that belong to the life `born`. */
  tail(id: InvocationId, born: string, from: number): Promise<readonly Segment[]>
  /** `expires` is epoch ms. Segments are stored in order: `n-1` exists. */
  append(id: InvocationId, segment: Segment, expires: number): Promise<Appended>
  /**
   * Moves the expiry of every segment of an existing, unexpired journal, segment 0 last: it decides. None is moved to an
   * earlier time: whoever stood still may ask late.
   */
  restamp(id: InvocationId, born: string, count: number, expires: number): Promise<void>
  /** Deletes the life `born`, segment 0 first: without it the rest is nothing, and expires. */
  remove(id: InvocationId, born: string, count: number): Promise<void>
}
