import { agendaStart } from '../../domain/agenda/agenda-key.ts'
import type { DelayClass } from '../../domain/agenda/delay-class.ts'
import { goneOwners, noSightings, sight, silentReplicas } from '../../domain/agenda/lease-watch.ts'
import { planShards } from '../../domain/agenda/shard-plan.ts'
import type { Leases, ShardRecord } from '../../ports/index.ts'
import type { AgendaContext } from './agenda-deps.ts'
import type { Incarnation } from './incarnation.ts'
import { OwnedShard } from './owned-shard.ts'
import { within } from './within.ts'

export type KeeperEvents = {
  readonly taken: (shard: OwnedShard) => void
  /** Brings what only this shard names elsewhere, as far as possible, before it is handed over. */
  readonly evacuate: (shard: OwnedShard) => Promise<void>
  /** It is no longer owned. */
  readonly gone: (shard: OwnedShard) => void
}

/** Takes shards, gives surplus ones up, and takes over from replicas that have fallen silent. */
export class ShardKeeper {
  readonly #context: AgendaContext
  readonly #events: KeeperEvents
  readonly #owned = new Map<number, OwnedShard>()
  /** How many replicas are alive, this one included. */
  live = 1
  /** Which of them it is, by name. */
  rank = 0
  #sightings = noSightings
  #turn = 0

  constructor(context: AgendaContext, events: KeeperEvents) {
    this.#context = context
    this.#events = events
  }

  get owned(): readonly OwnedShard[] {
    return [...this.#owned.values()]
  }

  /** A shard for the next flush: each in turn. */
  pick(delay: DelayClass): OwnedShard | undefined {
    const shards = this.owned
    for (let tried = 0; tried < shards.length; tried++) {
      const shard = shards[this.#turn++ % shards.length]
      if (shard?.holds() && !shard.releasing && !shard.busy.has(delay)) return shard
    }
    return undefined
  }

  /** Looks at the leases and does what follows: fences the silent, takes what is free, releases the surplus. */
  async look(incarnation: Incarnation): Promise<void> {
    const { clock, leaseStore, options } = this.#context
    const view = await within(clock, options.requestMs, leaseStore.list())
    const gone = goneOwners(this.#sightings, view)
    this.#sightings = sight(this.#sightings, view, clock.monotonic())
    this.#learnRevs(view, incarnation)
    const patienceMs = options.leaseMs + options.marginMs
    const silent = silentReplicas(this.#sightings, clock.monotonic(), patienceMs).filter(
      ({ replica }) => replica !== incarnation.replica,
    )
    const fenced = await Promise.all(silent.map((replica) => this.#fence(replica)))
    await this.#balance(view, incarnation, {
      gone: gone.union(new Set(fenced.filter((replica) => replica !== undefined))),
      silent: new Set(silent.map(({ replica }) => replica)),
    })
  }

  /** All shards are lost: somebody removed this replica's record. */
  dropAll(): void {
    for (const shard of this.owned) this.#drop(shard)
  }

  /** Hands all shards over. What they hold stands in their items; whoever takes one reads it. */
  async releaseAll(): Promise<void> {
    await Promise.all(this.owned.map((shard) => this.#release(shard)))
  }

  /** Stores how far a shard has been dealt with. */
  async storeCursor(shard: OwnedShard): Promise<boolean> {
    if (shard.unsure || shard.storing || shard.releasing || !shard.holds()) return false
    const record = { ...shard.record, rev: shard.record.rev + 1, cursor: shard.cursor }
    shard.storing = true
    const stored = await shard.track(this.#put(record, shard.record.rev))
    shard.storing = false
    shard.unsure = !stored
    if (stored) shard.record = record
    return stored
  }

  async #fence(silent: { readonly replica: string; readonly rev: number }) {
    const { clock, leaseStore, logger, options } = this.#context
    const { replica } = silent
    try {
      const removal = leaseStore.removeReplica(replica, silent.rev)
      if (!(await within(clock, options.requestMs, removal))) return undefined
      logger.info({ replica }, 'A silent replica was taken for dead')
      return replica
    } catch (error) {
      logger.warn({ error, replica }, 'The record of a silent replica could not be removed')
      return undefined
    }
  }

  async #balance(
    view: Leases,
    me: Incarnation,
    dead: { readonly gone: ReadonlySet<string>; readonly silent: ReadonlySet<string> },
  ): Promise<void> {
    const records = new Map(view.shards.map((record) => [record.shard, record]))
    const owners = new Map<number, string>()
    for (const { shard, owner } of view.shards) {
      if (owner !== undefined && !dead.gone.has(owner)) owners.set(shard, owner)
    }
    const present = new Set([me.replica, ...view.replicas.map(({ replica }) => replica)])
    const live = [...present.difference(dead.silent)]
    this.live = live.length
    this.rank = live.toSorted().indexOf(me.replica)
    const plan = planShards({
      shards: this.#context.options.shards,
      me: me.replica,
      live,
      held: this.owned.filter((shard) => !shard.releasing).map(({ shard }) => shard),
      owners,
    })
    // A hand-over may take its time: the next look does not wait for it.
    for (const shard of plan.release) void this.#handOver(this.#owned.get(shard))
    await Promise.all([
      ...plan.claim.map((shard) => this.#claim(shard, records.get(shard), me)),
      ...this.#forsaken(view, me, plan.claim).map((record) => this.#giveBack(record)),
    ])
  }

  /**
   * Ours as it is stored, but not held any more: the write that was to hand them over failed, or was not sent
   * because the lease did not hold. As long as we live, nobody else would take them.
   */
  #forsaken(view: Leases, me: Incarnation, claimed: readonly number[]): readonly ShardRecord[] {
    return view.shards.filter(
      ({ shard, owner }) =>
        owner === me.replica && !this.#owned.has(shard) && !claimed.includes(shard),
    )
  }

  #giveBack(record: ShardRecord): Promise<boolean> {
    return this.#put({ ...record, owner: undefined, rev: record.rev + 1 }, record.rev)
  }

  /** A shard is owned only by an acknowledged write of our own: one whose answer was lost is written again. */
  async #claim(shard: number, found: ShardRecord | undefined, me: Incarnation): Promise<void> {
    if (this.#owned.has(shard)) return
    const rev = (found?.rev ?? -1) + 1
    const record = { shard, owner: me.replica, rev, cursor: found?.cursor ?? agendaStart }
    const claimed = await this.#put(record, found?.rev)
    if (!claimed || me.lost) return
    const owned = new OwnedShard(me, record, this.#context.clock.monotonic())
    this.#owned.set(shard, owned)
    this.#events.taken(owned)
  }

  async #handOver(shard: OwnedShard | undefined): Promise<void> {
    if (shard === undefined) return
    const { clock, logger, options } = this.#context
    shard.releasing = true
    try {
      await within(clock, options.stopMs, this.#events.evacuate(shard))
    } catch (error) {
      logger.warn({ error, shard: shard.shard }, 'A shard is handed over with entries of our own')
    }
    await this.#release(shard)
  }

  async #release(shard: OwnedShard): Promise<void> {
    const { clock, options } = this.#context
    shard.releasing = true
    const flights = Promise.allSettled(shard.flights)
    await Promise.race([flights, clock.sleep(options.requestMs)])
    if (shard.gone) return
    shard.advance(clock.now(), options.watchMs)
    // From here on nothing counts by way of this shard, whether or not the others learn of it soon.
    this.#drop(shard)
    if (!shard.incarnation.holds()) return
    const { rev } = shard.record
    await this.#put(
      { shard: shard.shard, owner: undefined, rev: rev + 1, cursor: shard.cursor },
      rev,
    )
  }

  #drop(shard: OwnedShard): void {
    shard.gone = true
    this.#owned.delete(shard.shard)
    this.#events.gone(shard)
  }

  /** Where a write of a record failed, the stored `rev` tells what became of it: nobody else writes it. */
  #learnRevs(view: Leases, me: Incarnation): void {
    for (const record of view.shards) {
      const shard = this.#owned.get(record.shard)
      if (shard?.unsure !== true || record.owner !== me.replica) continue
      shard.record = record
      shard.unsure = false
    }
  }

  async #put(record: ShardRecord, expected: number | undefined): Promise<boolean> {
    const { clock, leaseStore, logger, options } = this.#context
    try {
      return await within(clock, options.requestMs, leaseStore.putShard(record, expected))
    } catch (error) {
      logger.warn({ error, shard: record.shard }, 'The record of a shard could not be written')
      return false
    }
  }
}
