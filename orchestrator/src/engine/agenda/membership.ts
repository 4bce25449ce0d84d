import type { AgendaContext } from './agenda-deps.ts'
import { Incarnation } from './incarnation.ts'
import { repeat, within } from './within.ts'

export type MembershipEvents = {
  /** A heartbeat was acknowledged, or the replica joined. */
  readonly confirmed: () => void
  /** The others took this replica for dead. It will join again. */
  readonly lost: () => void
}

/** Keeps this replica known to the others as alive: joins, sends heartbeats, and joins anew when it was fenced. */
export class Membership {
  current: Incarnation | undefined
  readonly #context: AgendaContext
  readonly #events: MembershipEvents
  readonly #ending = new AbortController()
  #loop: Promise<void> | undefined
  #rev = 0
  #joins = 0
  readonly #startedAt: number

  constructor(context: AgendaContext, events: MembershipEvents) {
    this.#context = context
    this.#events = events
    this.#startedAt = context.clock.now()
  }

  /** Tries to join once, then goes on trying by itself. */
  async start(): Promise<void> {
    const { clock, options } = this.#context
    await this.#beat()
    this.#loop = clock
      .sleep(options.heartbeatMs, this.#ending.signal)
      .then(() => repeat(clock, options.heartbeatMs, this.#ending.signal, () => this.#beat()))
  }

  /** Sends no more heartbeats and takes the record away, so that nobody waits for a lease. */
  async stop(): Promise<void> {
    const { clock, leaseStore, logger, options } = this.#context
    this.#ending.abort()
    await this.#loop
    const incarnation = this.current
    this.current = undefined
    if (incarnation === undefined) return
    try {
      const removal = leaseStore.removeReplica(incarnation.replica, this.#rev)
      await within(clock, options.requestMs, removal)
    } catch (error) {
      logger.warn({ error }, 'The record of this replica stays until its lease runs out')
    }
  }

  async #beat(): Promise<void> {
    try {
      if (this.current === undefined) await this.#join()
      else await this.#confirm(this.current)
    } catch (error) {
      this.#context.logger.warn({ error }, 'A heartbeat failed')
    }
  }

  async #join(): Promise<void> {
    const { clock, logger, options, replicaId } = this.#context
    const joins = ++this.#joins
    // Never under a name that was used before: an answer may have been lost, or the name be given up as dead.
    const replica = joins === 1 ? replicaId : `${replicaId}~${joins}`
    const sentAt = clock.monotonic()
    this.#rev = 0
    if (!(await this.#put(replica, 0, undefined))) return
    this.current = new Incarnation(clock, options.leaseMs, replica, sentAt)
    logger.info({ replica }, 'Joined')
    this.#events.confirmed()
  }

  async #confirm(incarnation: Incarnation, retry = true): Promise<void> {
    const { clock, leaseStore, options } = this.#context
    const sentAt = clock.monotonic()
    if (await this.#put(incarnation.replica, this.#rev + 1, this.#rev)) {
      this.#rev++
      incarnation.confirm(sentAt)
      this.#events.confirmed()
      return
    }
    // Either an earlier heartbeat arrived although its answer did not, or the record is gone.
    const leases = await within(clock, options.requestMs, leaseStore.list())
    const record = leases.replicas.find(({ replica }) => replica === incarnation.replica)
    if (record === undefined) return this.#lose(incarnation)
    this.#rev = record.rev
    if (retry) await this.#confirm(incarnation, false)
  }

  #lose(incarnation: Incarnation): void {
    const { replica } = incarnation
    this.#context.logger.warn({ replica }, 'Taken for dead by another replica: joining anew')
    incarnation.lost = true
    this.current = undefined
    this.#events.lost()
  }

  #put(replica: string, rev: number, expected: number | undefined): Promise<boolean> {
    const { clock, leaseStore, options } = this.#context
    const record = { replica, rev, startedAt: this.#startedAt }
    return within(clock, options.requestMs, leaseStore.putReplica(record, expected))
  }
}
