import type { Value } from '@fermata/lambda-runtime/protocol'
import type { ObjectHead, ObjectRef, Slot } from '../domain/objects/model.ts'

export type {
  Live,
  Mail,
  ObjectHead,
  ObjectRef,
  PatchRecord,
  Slot,
  StateEdit,
} from '../domain/objects/model.ts'

export type SlotAppended =
  | { readonly kind: 'appended' }
  /** Somebody else has the place; `existing` is what stands there, where the store tells. */
  | { readonly kind: 'conflict'; readonly existing: Slot | undefined }

/** One large value, written once by the holder of `slot`. */
export type StoredValue = { readonly name: string; readonly slot: number }

/**
 * Mailboxes, heads and large values of objects and workflows. Reads are consistent. Expired slots and heads
 * are absent, but for the number of the last slot: numbers never go back while anything of the mailbox is left, so
 * a new slot never takes the place of an old one.
 */
export interface ObjectStore {
  head(ref: ObjectRef): Promise<ObjectHead | undefined>
  /**
   * Stores the head if the one that was read (`before`) is still there; `undefined`: if there is none. `false`: it is
   * not, or the answer to an earlier try was lost; reading it again tells.
   */
  writeHead(ref: ObjectRef, head: ObjectHead, before: ObjectHead | undefined): Promise<boolean>
  /** Puts a slot in its place if that is free. The very same slot again (same writer) is `appended`. */
  append(ref: ObjectRef, slot: Slot): Promise<SlotAppended>
  /** The slots that have not expired, from number `from` on, in order, at most `limit`. */
  slots(ref: ObjectRef, from: number, limit: number): Promise<readonly Slot[]>
  /** The greatest number of a slot, expired or not; 0: there is none. */
  lastSlot(ref: ObjectRef): Promise<number>
  /** Moves a slot's expiry (epoch ms), never to an earlier time. One that is gone stays gone. */
  restampSlot(ref: ObjectRef, n: number, expires: number): Promise<void>
  markSlot(ref: ObjectRef, n: number, mark: NonNullable<Slot['mark']>): Promise<void>
  /** `expires`: epoch ms; `undefined`: never. */
  putValue(
    ref: ObjectRef,
    at: StoredValue,
    value: Value,
    expires: number | undefined,
  ): Promise<void>
  value(ref: ObjectRef, at: StoredValue): Promise<Value | undefined>
  removeValue(ref: ObjectRef, at: StoredValue): Promise<void>
}
