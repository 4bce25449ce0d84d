import type { CollectorHead, CollectorRef, CollectorSlot } from '../domain/collect/collector.ts'

export type {
  CollectedSend,
  CollectorHead,
  CollectorRef,
  CollectorSlot,
} from '../domain/collect/collector.ts'

export type OpenSends = {
  /** Written only if it is still this one; `undefined`: there is none. */
  readonly head: StoredHead | undefined
  /** The slots of the head's life that are not done with, in order. */
  readonly open: readonly CollectorSlot[]
}

export type StoredHead = { readonly head: CollectorHead; readonly rev: number }

/** Sends that gather until they go together. Reads are consistent; items are kept at least until they expire. */
export interface CollectorStore {
  /** The head, and at most `limit` open slots. */
  read(ref: CollectorRef, limit: number): Promise<OpenSends>
  /** `before`: what was read; `undefined`: there must be none. `false`: somebody was faster. */
  writeHead(
    ref: CollectorRef,
    head: CollectorHead,
    before: StoredHead | undefined,
  ): Promise<boolean>
  /** Puts a slot in its place if no other one of its life has it. `true`, too, where the same sends stand there. */
  append(ref: CollectorRef, slot: CollectorSlot): Promise<boolean>
  /** Whether a send is known to have been taken, and may be done with. */
  isTaken(ref: CollectorRef, by: string): Promise<boolean>
  /** Remembers sends. They are known before the head that is done with them is written. */
  markTaken(
    ref: CollectorRef,
    marks: readonly { readonly by: string; readonly expires: number }[],
  ): Promise<void>
}
