import type { InvocationId, StateCell } from '@fermata/lambda-runtime/protocol'
import type { InvocationState, StatePatch } from '../invocation/state.ts'
import { hasRoom, isEmpty, type Layout, layOut, patchCells, patchOf, recordOf } from './cells.ts'
import type { Live, ObjectHead, Slot, StateEdit } from './model.ts'

/** A longer patch of a holder that waits is not copied to the head. */
const liveBytes = 4096

/** Slots up to this one are over. Without a head nobody has finished yet, or it has expired with all that was over. */
export function doneOf(head: ObjectHead | undefined, first: Slot | undefined): number {
  return head?.done ?? (first?.n ?? 1) - 1
}

/** The end of a slot: what its holder leaves behind. */
export type Ending = {
  readonly slot: number
  readonly patch: StatePatch
  /** Epoch ms until which the head is kept where it need not be kept for ever. */
  readonly expires: number
  /** The end of a workflow's run: its state goes with it. */
  readonly ofWorkflow?: boolean
}

export type Finish =
  | { readonly kind: 'over' }
  /** What to store, in this order: the values, the head; then what is dropped goes. */
  | ({
      readonly kind: 'write'
      readonly head: ObjectHead
      /** The head has no room for the change: the state is as it was, and the key goes on. */
      readonly isRefused: boolean
    } & Pick<Layout, 'stored' | 'dropped'>)

const nothing: StatePatch = { cleared: false, values: new Map() }

/**
 * The head after slot `slot`. Only the holder of the slot after `done` can have an ending, so all slots before it
 * are over; one that is not after `done` has been finished before, and nothing changes (INV-7).
 */
export function finish(
  head: ObjectHead | undefined,
  { slot, patch: asked, expires, ofWorkflow = false }: Ending,
): Finish {
  if (head !== undefined && head.done >= slot) return { kind: 'over' }
  const isRefused = !hasRoom(head?.cells ?? [], asked)
  const patch = isRefused ? nothing : asked
  const changes = !isEmpty(patch)
  const { cells, stored, dropped } = layOut(head?.cells ?? [], patch, slot)
  const isKept = cells.length > 0 && !ofWorkflow && !isPassing(head)
  // An earlier slot may be kept for longer than this one: without a head it would have its turn again.
  const until = Math.max(expires, head?.expires ?? 0, head?.outlives ?? 0)
  return {
    kind: 'write',
    isRefused,
    head: {
      done: slot,
      version: (head?.version ?? 0) + (changes ? 1 : 0),
      cells,
      live: undefined,
      ...(isKept ? { expires: undefined, outlives: until } : { expires: until }),
      writes: (head?.writes ?? 0) + 1,
    },
    stored,
    dropped,
  }
}

/** A state that is not kept for ever is a workflow's. */
function isPassing(head: ObjectHead | undefined): boolean {
  return head !== undefined && head.cells.length > 0 && head.expires !== undefined
}

/**
 * The head that shows what a waiting holder has changed; `undefined`: there is nothing new to show. It grows with the
 * holder's journal and counts for its slot alone, so that whoever is late changes nothing.
 */
export function showLive(
  head: ObjectHead | undefined,
  invocation: InvocationId,
  { created, next, patch }: Pick<InvocationState, 'created' | 'next' | 'patch'>,
  expires: number,
): ObjectHead | undefined {
  const slot = created.slot ?? 0
  if (isEmpty(patch) || (head?.done ?? 0) >= slot) return undefined
  const shown = head?.live
  if (shown?.slot === slot && shown.n >= next) return undefined
  const record = recordOf(patch)
  const isLong = Buffer.byteLength(JSON.stringify(record)) > liveBytes
  const live: Live = { slot, n: next, invocation, patch: isLong ? undefined : record }
  if (head === undefined) {
    return { done: slot - 1, version: 0, cells: [], live, expires, writes: 1 }
  }
  const until = head.expires === undefined ? undefined : Math.max(expires, head.expires)
  return { ...head, live, expires: until, writes: head.writes + 1 }
}

/** What a shared reader sees now, or whose journal it must read for that. */
export type Snapshot =
  | { readonly kind: 'cells'; readonly cells: readonly StateCell[] }
  | { readonly kind: 'journal'; readonly live: Live }

export function snapshot(head: ObjectHead | undefined): Snapshot {
  const { live, cells = [], done = 0 } = head ?? {}
  if (live === undefined || live.slot !== done + 1) return { kind: 'cells', cells }
  if (live.patch === undefined) return { kind: 'journal', live }
  return { kind: 'cells', cells: patchCells(cells, patchOf(live.patch)) }
}

/** What becomes of an edit whose turn it is. The head does not change before it is over, so asking again answers the same. */
export function judgeEdit(
  head: ObjectHead | undefined,
  { version, patch }: StateEdit,
): 'applied' | 'void' | 'too-large' {
  if (version !== undefined && version !== (head?.version ?? 0)) return 'void'
  return hasRoom(head?.cells ?? [], patchOf(patch)) ? 'applied' : 'too-large'
}
