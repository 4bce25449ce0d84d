import { agendaBound, agendaTime } from '../../domain/agenda/agenda-key.ts'
import { backoffMs } from '../../domain/agenda/backoff.ts'
import type { AgendaContext } from './agenda-deps.ts'
import type { Held } from './held.ts'
import type { OwnedShard } from './owned-shard.ts'
import { within } from './within.ts'

/** Items are up to 200 KB: a page stays in the megabytes. */
const pageItems = 25
const crowdedMs = 50

export type ReaderEvents = {
  readonly read: (held: Held, at: number | undefined) => void
  /** More is due than can be looked at. */
  readonly crowded: () => boolean
}

/** Reads the items of owned shards into memory, up to the horizon. */
export class ShardReader {
  readonly #context: AgendaContext
  readonly #events: ReaderEvents

  constructor(context: AgendaContext, events: ReaderEvents) {
    this.#context = context
    this.#events = events
  }

  /**
   * Reads what a shard that was just taken holds after its cursor. What is due within `watchMs` is looked at now:
   * whoever was to look at it may be dead. The rest waits for its time; no sleeping journal is folded.
   */
  async takeOver(shard: OwnedShard): Promise<void> {
    const now = this.#context.clock.now()
    const urgent = now + this.#context.options.watchMs
    await this.#read(shard, (held) => (held.entry.dueAt <= urgent ? now : undefined))
  }

  /** Reads on when the time that was read is about to be used up. */
  async readOn(shard: OwnedShard): Promise<void> {
    const { clock, options } = this.#context
    const wanted = clock.now() + options.horizonMs * 0.75
    if (!shard.reading && agendaTime(shard.readTo) < wanted)
      await this.#read(shard, () => undefined)
  }

  async #read(shard: OwnedShard, at: (held: Held) => number | undefined): Promise<void> {
    const { clock, logger, options, random } = this.#context
    const from = Math.max(clock.now(), agendaTime(shard.cursor))
    const to = agendaBound(from + options.horizonMs)
    shard.reading = true
    // Before anything is asked: what is acknowledged from now on and stands before `to` must be held here.
    shard.holdTo = to
    let failures = 0
    for (let after: string | undefined = shard.readTo; after !== undefined && !shard.gone; ) {
      try {
        after = await this.#readPage(shard, after, to, at)
        failures = 0
      } catch (error) {
        logger.warn({ error, shard: shard.shard }, 'A shard cannot be read; trying again')
        await clock.sleep(backoffMs(++failures, options.storeBackoff, random.next()))
      }
      while (this.#events.crowded() && !shard.gone) await clock.sleep(crowdedMs)
    }
    shard.readTo = to
    shard.reading = false
  }

  /** Answers where the next page begins; nothing after the last. */
  async #readPage(
    shard: OwnedShard,
    after: string,
    to: string,
    at: (held: Held) => number | undefined,
  ): Promise<string | undefined> {
    const { agendaStore, clock, options } = this.#context
    const list = agendaStore.list(shard.shard, after, to, pageItems)
    const items = await within(clock, options.requestMs, list)
    if (shard.gone) return undefined
    for (const held of shard.take(items, clock.now())) this.#events.read(held, at(held))
    return items.at(-1)?.key
  }
}
