import { backoffMs } from '../../domain/agenda/backoff.ts'
import { batchLength } from '../../domain/agenda/batch.ts'
import { type DelayClass, delayClass, delayClasses } from '../../domain/agenda/delay-class.ts'
import type { AgendaEntry } from '../../ports/index.ts'
import type { AgendaContext } from './agenda-deps.ts'
import type { Held, HeldItem, Write } from './held.ts'
import type { OwnedShard } from './owned-shard.ts'

export type WriterEvents = {
  /** An owned shard that has no flush of this class under way; none while the lease does not hold. */
  readonly pick: (delay: DelayClass) => OwnedShard | undefined
  /** The entry has a new home. `near`: it is held in memory there. */
  readonly settled: (held: Held, near: boolean) => void
}

type Lane = {
  queue: Write[]
  flights: number
  failures: number
  /** No flush before this (monotonic). */
  notBefore: number
  timer: (() => void) | undefined
}

/**
 * Group commit: brings entries into counting items. Entries wait in a lane per delay class, and go together
 * into one item. An entry is settled when an item that names it is acknowledged while the lease of its shard holds; an
 * item that does not come to that (it failed, it stalls, the shard was lost) is written again elsewhere.
 */
export class Writer {
  puts = 0
  entries = 0
  readonly #context: AgendaContext
  readonly #events: WriterEvents
  readonly #lanes: ReadonlyMap<DelayClass, Lane>
  /** Not settled yet. */
  readonly #pending = new Set<Write>()
  /** Acknowledged while the lease did not hold: the next heartbeat decides. */
  #doubtful: HeldItem[] = []
  #items = 0
  #closed: Error | undefined

  constructor(context: AgendaContext, events: WriterEvents) {
    this.#context = context
    this.#events = events
    this.#lanes = new Map(
      delayClasses.map((delay) => [
        delay,
        { queue: [], flights: 0, failures: 0, notBefore: 0, timer: undefined },
      ]),
    )
  }

  /** Resolves when an item that names `entry` counts. Until then the held's former home speaks for it. */
  write(held: Held, entry: AgendaEntry, keyFrom = 0): Promise<void> {
    const before = held.write
    if (before?.entry === entry) return before.done.promise
    const done = before?.done ?? Promise.withResolvers<void>()
    // Whoever waits for it also learns by `home` and `counts`.
    done.promise.catch(() => undefined)
    if (before !== undefined) {
      before.settled = true
      this.#pending.delete(before)
    }
    const write = { held, entry, keyFrom, done, settled: false, queued: false, flights: 0 }
    held.write = write
    this.#enqueue(write)
    return done.promise
  }

  /** Shards or the lease have changed. */
  wake(): void {
    const doubtful = this.#doubtful
    this.#doubtful = []
    for (const item of doubtful) this.#settle(item)
    for (const delay of delayClasses) this.#pump(delay)
  }

  /** What was under way to a shard that is gone is written again elsewhere. */
  giveUp(shard: OwnedShard): void {
    for (const item of shard.items) this.#requeue(item)
  }

  /** Resolves when nothing is waiting or under way. */
  async drain(): Promise<void> {
    while (this.#pending.size > 0) {
      await Promise.allSettled([...this.#pending].map((write) => write.done.promise))
    }
  }

  /** Rejects what still waits, and whatever comes. */
  close(reason: Error): void {
    this.#closed = reason
    for (const write of this.#pending) write.done.reject(reason)
    this.#pending.clear()
    for (const lane of this.#lanes.values()) lane.timer?.()
  }

  #enqueue(write: Write): void {
    if (this.#closed !== undefined) {
      write.done.reject(this.#closed)
      return
    }
    this.#pending.add(write)
    write.queued = true
    const delay = delayClass(write.entry.dueAt - this.#context.clock.now())
    this.#lane(delay).queue.push(write)
    this.#pump(delay)
  }

  #lane(delay: DelayClass): Lane {
    return this.#lanes.get(delay) as Lane
  }

  #pump(delay: DelayClass): void {
    const lane = this.#lane(delay)
    const { clock, options } = this.#context
    if (lane.queue.length === 0 || lane.timer !== undefined) return
    if (lane.flights >= options.maxFlushesInFlight) return
    // Even when nothing forbids it, not at once: what comes in the same turn goes along.
    lane.timer = clock.timer(Math.max(0, lane.notBefore - clock.monotonic()), () => {
      lane.timer = undefined
      this.#flush(delay, lane)
    })
  }

  #flush(delay: DelayClass, lane: Lane): void {
    const { clock, options } = this.#context
    lane.queue = lane.queue.filter((write) => this.#isWanted(write))
    const shard = this.#events.pick(delay)
    if (lane.queue.length === 0 || shard === undefined) return
    lane.queue.sort((a, b) => a.entry.dueAt - b.entry.dueAt)
    const entries = lane.queue.map((write) => write.entry)
    const length = batchLength(entries, {
      maxEntries: options.maxItemEntries,
      maxBytes: options.maxItemBytes,
    })
    const writes = lane.queue.splice(0, length)
    for (const write of writes) {
      write.queued = false
      write.flights++
    }
    lane.notBefore = clock.monotonic() + options.flushMs
    const rest = `${shard.incarnation.replica}.${(this.#items++).toString(36)}`
    const item = shard.open(writes, rest, clock.now())
    void shard.track(this.#send(delay, shard, item, writes))
    this.#pump(delay)
  }

  /** Not retired or replaced while it waited. */
  #isWanted(write: Write): boolean {
    if (!write.settled && !write.held.retired) return true
    write.queued = false
    if (!write.settled) this.#finish(write)
    return false
  }

  async #send(
    delay: DelayClass,
    shard: OwnedShard,
    item: HeldItem,
    writes: readonly Write[],
  ): Promise<void> {
    const { clock, logger, options } = this.#context
    const lane = this.#lane(delay)
    const leave = this.#enter(lane, shard, delay)
    const cancel = clock.timer(options.requestMs, () => {
      // A stalled put delays nobody: its entries go elsewhere, too. Whichever counts first settles them.
      leave()
      this.#requeue(item)
      this.#pump(delay)
    })
    try {
      await this.#put(shard, item, writes)
      lane.failures = 0
      for (const write of writes) write.flights--
      this.#settle(item)
    } catch (error) {
      logger.warn(
        { error, shard: shard.shard },
        'Agenda entries could not be written; trying again',
      )
      const wait = backoffMs(++lane.failures, options.storeBackoff, this.#context.random.next())
      lane.notBefore = clock.monotonic() + wait
      for (const write of writes) write.flights--
      // If it did arrive, it is an item that nobody counts on.
      shard.drop(item)
      this.#requeue(item, true)
    } finally {
      cancel()
      leave()
      this.#pump(delay)
    }
  }

  async #put(shard: OwnedShard, item: HeldItem, writes: readonly Write[]): Promise<void> {
    const { agendaStore, clock, faults, options } = this.#context
    const entries = writes.map((write) => write.entry)
    const last = entries.reduce((most, entry) => Math.max(most, entry.dueAt), clock.now())
    await faults.reach('agenda.before-flush', String(shard.shard))
    this.puts++
    this.entries += entries.length
    await agendaStore.put({ shard: shard.shard, key: item.key, entries }, last + options.keepMs)
    await faults.reach('agenda.after-flush', String(shard.shard))
  }

  #enter(lane: Lane, shard: OwnedShard, delay: DelayClass): () => void {
    let inside = true
    lane.flights++
    shard.busy.add(delay)
    return () => {
      if (!inside) return
      inside = false
      lane.flights--
      shard.busy.delete(delay)
    }
  }

  /** An item is acknowledged: if the lease holds, whoever takes its shard over will have read it. */
  #settle(item: HeldItem): void {
    if (item.home.gone) {
      this.#requeue(item, true)
      return
    }
    if (!item.home.holds()) {
      this.#doubtful.push(item)
      return
    }
    const shard = item.home as OwnedShard
    const near = shard.isNear(item)
    if (!near) shard.drop(item)
    for (const { held, write } of item.slots) {
      if (write === undefined || write.settled) continue
      held.entry = write.entry
      held.home = item
      this.#finish(write)
      this.#events.settled(held, near)
    }
  }

  #finish(write: Write): void {
    write.settled = true
    this.#pending.delete(write)
    if (write.held.write === write) write.held.write = undefined
    write.done.resolve()
  }

  /** `idle`: only what is under way nowhere else. */
  #requeue(item: HeldItem, idle = false): void {
    for (const { write } of item.slots) {
      if (write === undefined || write.settled || write.queued) continue
      if (!idle || write.flights === 0) this.#enqueue(write)
    }
  }
}
