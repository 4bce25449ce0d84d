import { FermataError } from '../../domain/errors.ts'
import type { AgendaEntry } from '../../ports/index.ts'
import type { AgendaContext, AgendaDeps } from './agenda-deps.ts'
import { resolveAgendaOptions } from './agenda-options.ts'
import { Held, type Ticket } from './held.ts'
import { Membership } from './membership.ts'
import { Nudger } from './nudger.ts'
import type { OwnedShard } from './owned-shard.ts'
import { ShardKeeper } from './shard-keeper.ts'
import { ShardReader } from './shard-reader.ts'
import { Tidier } from './tidier.ts'
import { repeat, within } from './within.ts'
import { Writer } from './writer.ts'

export type { AgendaDeps, NudgeAnswer } from './agenda-deps.ts'
export type { Ticket } from './held.ts'

/** What the orchestrator must look at, and when: durable, and taken over by others when this replica dies (INV-10). */
export interface Agenda {
  /** Joins and takes shards. Never rejects: what fails is tried again, and `ready` tells. */
  start(): Promise<void>
  /** Flushes, and hands all shards over at once. Adds that still wait are rejected. */
  stop(): Promise<void>
  /** Owns a shard, and the lease holds. */
  ready(): boolean
  /** How many replicas are alive, this one included, as it saw last. */
  replicas(): number
  /** Which of them this one is, in an order that all of them see about the same. */
  rank(): number
  /**
   * Resolves when the entry is durable and counts. Waits while it cannot be.
   * @throws FermataError `not-ready` once the agenda is stopped
   */
  add(entry: AgendaEntry): Promise<Ticket>
  /** Asked after the append that the entry protects was acknowledged: whether the entry still counted then. If not, `renew`. */
  counts(ticket: Ticket): boolean
  /** Resolves, with the same ticket, when the entry counts again. */
  renew(ticket: Ticket): Promise<Ticket>
  /** The entry needs no more attention. */
  retire(ticket: Ticket): void
  stats(): AgendaStats
}

export type AgendaStats = {
  readonly shards: number
  /** Items in memory. */
  readonly items: number
  /** Entries written, and the puts that took. */
  readonly entries: number
  readonly puts: number
  readonly cursorWrites: number
  /** Entries named again only to let a cursor pass. */
  readonly moved: number
  readonly nudges: number
}

/** @example `const agenda = createAgenda({ ...deps, nudge }); await agenda.start(); await agenda.add(entry)` */
export function createAgenda(deps: AgendaDeps): Agenda {
  return new ShardedAgenda({ ...deps, options: resolveAgendaOptions(deps.options) })
}

class ShardedAgenda implements Agenda {
  readonly #context: AgendaContext
  readonly #membership: Membership
  readonly #keeper: ShardKeeper
  readonly #writer: Writer
  readonly #nudger: Nudger
  readonly #reader: ShardReader
  readonly #tidier: Tidier
  readonly #ending = new AbortController()
  #loops: readonly Promise<void>[] = []
  #stopping = false

  constructor(context: AgendaContext) {
    this.#context = context
    this.#membership = new Membership(context, {
      confirmed: () => this.#confirmed(),
      lost: () => this.#keeper.dropAll(),
    })
    this.#keeper = new ShardKeeper(context, {
      taken: (shard) => this.#taken(shard),
      evacuate: (shard) => this.#evacuate(shard),
      gone: (shard) => this.#gone(shard),
    })
    this.#writer = new Writer(context, {
      pick: (delay) => this.#keeper.pick(delay),
      settled: (held, near) => this.#settled(held, near),
    })
    this.#nudger = new Nudger(context, {
      mayNudge: () => this.#membership.current?.holds() === true,
      again: (held, entry) => void this.#writer.write(held, entry),
    })
    this.#reader = new ShardReader(context, {
      read: (held, at) => this.#nudger.schedule(held, at),
      crowded: () => this.#nudger.saturated,
    })
    this.#tidier = new Tidier(context, this.#keeper, this.#writer)
  }

  async start(): Promise<void> {
    const { clock, options } = this.#context
    await this.#membership.start()
    await this.#look()
    const { signal } = this.#ending
    this.#loops = [
      repeat(clock, options.lookMs, signal, () => this.#look()),
      repeat(clock, options.tidyMs, signal, () => this.#tidy()),
    ]
  }

  async stop(): Promise<void> {
    const { clock, options, logger } = this.#context
    this.#stopping = true
    this.#nudger.stop()
    this.#ending.abort()
    await within(clock, options.stopMs, this.#writer.drain()).catch((error: unknown) => {
      logger.warn({ error }, 'Stopping with agenda entries that could not be written')
    })
    this.#writer.close(new FermataError('not-ready', 'This replica has stopped'))
    await Promise.all(this.#loops)
    await this.#keeper.releaseAll()
    await this.#membership.stop()
  }

  ready(): boolean {
    if (this.#stopping) return false
    return this.#keeper.owned.some((shard) => !shard.releasing && shard.holds())
  }

  replicas(): number {
    return this.#keeper.live
  }

  rank(): number {
    return this.#keeper.rank
  }

  async add(entry: AgendaEntry): Promise<Ticket> {
    const held = new Held(entry, true)
    await this.#writer.write(held, entry)
    return held
  }

  counts(ticket: Ticket): boolean {
    const held = heldOf(ticket)
    if (!held.counts || held.entry.dueAt > this.#latest(held)) return false
    held.relied = true
    return true
  }

  async renew(ticket: Ticket): Promise<Ticket> {
    const held = heldOf(ticket)
    if (this.counts(ticket)) return ticket
    // Once it was retired, the cursor may have passed its item: only another write makes it count.
    held.retired = false
    held.relied = true
    held.own = true
    const latest = this.#latest(held)
    const next = held.write?.entry ?? held.entry
    const entry = next.dueAt <= latest ? next : { ...next, kind: 'watch' as const, dueAt: latest }
    await this.#writer.write(held, entry)
    return ticket
  }

  /**
   * Until when an entry must be due for its ticket to count: a look may have found a subject asleep and put
   * the entry off for days, just before it was woken.
   */
  #latest(held: Held): number {
    const { clock, options } = this.#context
    return Math.max(held.promisedAt, clock.now() + options.watchMs)
  }

  retire(ticket: Ticket): void {
    heldOf(ticket).retired = true
  }

  stats(): AgendaStats {
    const shards = this.#keeper.owned
    return {
      shards: shards.length,
      items: shards.reduce((sum, shard) => sum + shard.items.length, 0),
      entries: this.#writer.entries,
      puts: this.#writer.puts,
      cursorWrites: this.#tidier.cursorWrites,
      moved: this.#tidier.moved,
      nudges: this.#nudger.nudges,
    }
  }

  async #look(): Promise<void> {
    const incarnation = this.#membership.current
    if (incarnation === undefined) return
    try {
      await this.#keeper.look(incarnation)
    } catch (error) {
      this.#context.logger.warn({ error }, 'The leases could not be read')
    }
  }

  async #tidy(): Promise<void> {
    await Promise.all(this.#keeper.owned.map((shard) => this.#tidier.tidy(shard)))
    for (const shard of this.#keeper.owned) void this.#reader.readOn(shard)
  }

  #confirmed(): void {
    this.#writer.wake()
    this.#nudger.pump()
  }

  #taken(shard: OwnedShard): void {
    void this.#reader.takeOver(shard)
    this.#writer.wake()
  }

  #settled(held: Held, near: boolean): void {
    if (near) this.#nudger.schedule(held)
    else held.scheduledAt = undefined
  }

  async #evacuate(shard: OwnedShard): Promise<void> {
    for (let open = shard.ownOpen(); open.length > 0; open = shard.ownOpen()) {
      await Promise.all(open.map((held) => this.#moveAway(held)))
    }
  }

  /**
   * What this process works on is named again in a shard that it does own. Until then the item in the lost
   * shard speaks for it: its new owner reads it.
   */
  #gone(shard: OwnedShard): void {
    this.#writer.giveUp(shard)
    if (this.#stopping) return
    for (const held of shard.ownOpen()) {
      void this.#moveAway(held)
    }
  }

  #moveAway(held: Held): Promise<void> {
    return held.write?.done.promise ?? this.#writer.write(held, held.entry)
  }
}

function heldOf(ticket: Ticket): Held {
  if (ticket instanceof Held) return ticket
  throw new TypeError('A ticket comes from add, and from there only')
}
