import type { EntryOf, InvocationId, StateCell, Value } from '@fermata/lambda-runtime/protocol'

/** One key of an object or workflow: it has one mailbox and one state. */
export type ObjectRef = { readonly service: string; readonly key: string }

/** A change of state as it is stored: `null` is a value that is cleared. */
export type PatchRecord = {
  /** Everything that was there before is gone. */
  readonly cleared: boolean
  readonly values: readonly (readonly [name: string, value: Value | null])[]
}

/**
 * What the holder of slot `slot` changed so far, for shared readers: up to segment `n` of its journal. A patch that
 * would make the head long is left out; readers then take it from the journal.
 */
export type Live = {
  readonly slot: number
  readonly n: number
  readonly invocation: InvocationId
  readonly patch: PatchRecord | undefined
}

/** Where a key stands: the slot after `done` holds it. */
export type ObjectHead = {
  /** Slots up to this one are over. */
  readonly done: number
  /** Counts the changes of the state. */
  readonly version: number
  /** By name. Short values in here, others in items of their own. */
  readonly cells: readonly StateCell[]
  readonly live: Live | undefined
  /** Epoch ms after which it counts as absent; `undefined`: never, it holds an object's state. */
  readonly expires: number | undefined
  /** Of one that never expires: epoch ms until which slots that are over may stand. Without its state it is kept so long. */
  readonly outlives?: number
  /** Raised by every write of the head: a write is made against the one that was read. */
  readonly writes: number
}

/** A person's change of the state, in line like everything else. Void unless the state then has `version`, where that is given. */
export type StateEdit = {
  readonly id: string
  readonly version: number | undefined
  readonly patch: PatchRecord
}

export type Mail =
  | {
      readonly kind: 'invocation'
      readonly invocation: InvocationId
      /** Without its slot: that is the number of the one it stands in. */
      readonly created: EntryOf<'created'>
    }
  | { readonly kind: 'edit'; readonly edit: StateEdit; readonly retentionMs: number }

/** One place in a key's mailbox. */
export type Slot = {
  readonly n: number
  /** A nonce of whoever appended it: a repeated append knows its own slot. */
  readonly writer: string
  /** Epoch ms. */
  readonly at: number
  /** Epoch ms after which it counts as absent. */
  readonly expires: number
  readonly mail: Mail
  /** Of an edit: what became of it. Of an invocation: `void`, because it stands in an earlier slot, too. */
  readonly mark: 'applied' | 'void' | 'too-large' | undefined
}
