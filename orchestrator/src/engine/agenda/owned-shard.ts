import { agendaKey, itemTime } from '../../domain/agenda/agenda-key.ts'
import { insertByKey, passable } from '../../domain/agenda/cursor.ts'
import type { DelayClass } from '../../domain/agenda/delay-class.ts'
import type { AgendaItem, ShardRecord } from '../../ports/index.ts'
import { Held, HeldItem, type ItemHome, type Write } from './held.ts'
import type { Incarnation } from './incarnation.ts'

/** A shard while this replica owns it: the record, and the items between the cursor and the horizon. */
export class OwnedShard implements ItemHome {
  readonly incarnation: Incarnation
  /** As it is stored, to our knowledge. */
  record: ShardRecord
  /** The cursor is being stored. */
  storing = false
  /** A write of the record failed: which `rev` is stored is not known. */
  unsure = false
  /** Everything up to it is dealt with. Runs ahead of what is stored. */
  cursor: string
  /** By key. */
  readonly items: HeldItem[] = []
  /** Items before this bound have been read. */
  readTo: string
  /** Items before this bound have been read or are being read: those written now must be held. */
  holdTo: string
  reading = false
  /** About to be handed over: nothing new goes there. */
  releasing = false
  gone = false
  /** Delay classes with a flush under way. */
  readonly busy = new Set<DelayClass>()
  /** Writes under way to the shard or its record. */
  readonly flights = new Set<Promise<unknown>>()
  /** Entries that the cursor passed since it was stored, and when that was (monotonic). */
  passedEntries = 0
  storedAt: number

  constructor(incarnation: Incarnation, record: ShardRecord, storedAt: number) {
    this.incarnation = incarnation
    this.record = record
    this.cursor = record.cursor
    this.readTo = record.cursor
    this.holdTo = record.cursor
    this.storedAt = storedAt
  }

  get shard(): number {
    return this.record.shard
  }

  holds(): boolean {
    return !this.gone && this.incarnation.holds()
  }

  track<T>(flight: Promise<T>): Promise<T> {
    const settled = flight.finally(() => this.flights.delete(settled))
    this.flights.add(settled)
    return settled
  }

  /** Makes an item of `writes` whose put is about to be sent. It holds the cursor back from now on. */
  open(writes: readonly Write[], rest: string, now: number): HeldItem {
    const keyFrom = writes.reduce((most, write) => Math.max(most, write.keyFrom), 0)
    const entries = writes.map((write) => write.entry)
    const key = agendaKey(itemTime(entries, this.cursor, keyFrom), rest)
    const slots = writes.map((write) => ({ held: write.held, write }))
    const item = new HeldItem(this, key, now, slots)
    insertByKey(this.items, item)
    return item
  }

  /** Takes in what was read, but for what is here already. */
  take(items: readonly AgendaItem[], now: number): readonly Held[] {
    const known = new Set(this.items.map((item) => item.key))
    const taken: Held[] = []
    for (const { key, entries } of items) {
      if (known.has(key) || key <= this.cursor) continue
      const slots = entries.map((entry) => ({ held: new Held(entry, false), write: undefined }))
      const item = new HeldItem(this, key, now, slots)
      for (const { held } of slots) {
        held.home = item
        taken.push(held)
      }
      insertByKey(this.items, item)
    }
    return taken
  }

  /** Items beyond what has been read need not be held: they are read when their time is near. */
  isNear(item: HeldItem): boolean {
    return item.key < this.holdTo
  }

  drop(item: HeldItem): void {
    const index = this.items.indexOf(item)
    if (index >= 0) this.items.splice(index, 1)
  }

  /** Moves the cursor over everything that is dealt with. */
  advance(now: number, watchMs: number): void {
    for (const item of this.items) item.prune()
    const count = passable(this.items, { now, watchMs, readTo: this.readTo })
    for (const item of this.items.splice(0, count)) {
      this.cursor = item.key
      this.passedEntries += item.closed
    }
  }

  /** The entries that this process works on, and that only this shard names. */
  ownOpen(): readonly Held[] {
    return this.items.flatMap((item) =>
      item.slots
        .map((slot) => slot.held)
        .filter((held) => held.own && !held.retired && held.home === item),
    )
  }
}
