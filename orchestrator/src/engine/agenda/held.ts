import type { AgendaEntry } from '../../ports/index.ts'

/** A durable entry, as whoever added it knows it. It stays the same object when the entry is named again. */
export interface Ticket {
  readonly entry: AgendaEntry
}

/** The shard in which an item stands. */
export interface ItemHome {
  readonly shard: number
  /** This replica no longer owns it. */
  readonly gone: boolean
  /** It is owned, and the lease holds now. */
  holds(): boolean
}

/** An entry in memory. */
export class Held implements Ticket {
  entry: AgendaEntry
  /** When it was to be looked at when it was added: who holds the ticket relies on that. */
  readonly promisedAt: number
  /** The counting item that names it, once there is one. */
  home: HeldItem | undefined
  retired = false
  /** This process works on it; else it was only read, and its item speaks for it. */
  own: boolean
  /** The write that is to give it a new home. */
  write: Write | undefined
  nudging = false
  /** Somebody was told during the present look that it counts: what that look finds is out of date. */
  relied = false
  tries = 0
  /** Not looked at before (epoch ms), after a look that failed. */
  notBefore = 0
  /** When it stands in the due queue; other places of it there are void. */
  scheduledAt: number | undefined

  constructor(entry: AgendaEntry, own: boolean) {
    this.entry = entry
    this.promisedAt = entry.dueAt
    this.own = own
  }

  /** It is durable in a shard whose lease holds now. */
  get counts(): boolean {
    return !this.retired && this.home?.home.holds() === true
  }
}

/** The wish to have an entry named in a counting item. It may be tried in several items; the first that counts settles it. */
export type Write = {
  readonly held: Held
  readonly entry: AgendaEntry
  /** Its item stands at this time at the earliest (epoch ms). */
  readonly keyFrom: number
  readonly done: PromiseWithResolvers<void>
  settled: boolean
  queued: boolean
  /** In how many items it is under way. */
  flights: number
}

/** An entry's place in an item; `write` where the item was written by this process. */
export type Slot = { readonly held: Held; readonly write: Write | undefined }

/** One item of a shard, in memory from before its put is sent until the cursor passes it. */
export class HeldItem {
  readonly home: ItemHome
  readonly key: string
  /** Epoch ms at which it was written or read. */
  readonly since: number
  slots: readonly Slot[]
  /** Entries that need no more attention by way of this item. Their slots are gone. */
  closed = 0

  constructor(home: ItemHome, key: string, since: number, slots: readonly Slot[]) {
    this.home = home
    this.key = key
    this.since = since
    this.slots = slots
  }

  get open(): number {
    return this.slots.length
  }

  /** Forgets the entries that were retired or have another home. */
  prune(): void {
    const open = this.slots.filter((slot) => this.#isOpen(slot))
    this.closed += this.slots.length - open.length
    this.slots = open
  }

  #isOpen({ held, write }: Slot): boolean {
    // The cursor never passes an unacknowledged flush.
    if (write?.settled === false) return true
    return !held.retired && held.home === this
  }
}
