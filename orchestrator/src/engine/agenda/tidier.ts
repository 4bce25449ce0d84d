import { heldBack } from '../../domain/agenda/cursor.ts'
import type { AgendaContext } from './agenda-deps.ts'
import type { HeldItem } from './held.ts'
import type { OwnedShard } from './owned-shard.ts'
import type { ShardKeeper } from './shard-keeper.ts'
import type { Writer } from './writer.ts'

const settleMs = 2_000
const closedPerMove = 9

/** Moves the cursors of the owned shards on, and stores them now and then: a taker begins at what is stored. */
export class Tidier {
  cursorWrites = 0
  moved = 0
  readonly #context: AgendaContext
  readonly #keeper: ShardKeeper
  readonly #writer: Writer

  constructor(context: AgendaContext, keeper: ShardKeeper, writer: Writer) {
    this.#context = context
    this.#keeper = keeper
    this.#writer = writer
  }

  async tidy(shard: OwnedShard): Promise<void> {
    const { clock, options } = this.#context
    if (shard.gone || shard.releasing) return
    const before = shard.cursor
    shard.advance(clock.now(), options.watchMs)
    if (shard.cursor === before) this.#clearTheWay(shard)
    if (this.#isWorthStoring(shard)) await this.#store(shard)
  }

  /** Names entries again, later, that keep the cursor from passing what is done with. */
  #clearTheWay(shard: OwnedShard): void {
    const { clock, options } = this.#context
    const now = clock.now()
    const count = heldBack(shard.items, {
      now,
      readTo: shard.readTo,
      watchMs: options.watchMs,
      holdMs: options.holdMs,
      settleMs,
      minClosed: options.cursorEntries,
      closedPerMove,
    })
    for (const item of shard.items.slice(0, count)) this.#move(item, now + options.watchMs)
  }

  #move(item: HeldItem, keyFrom: number): void {
    for (const { held } of item.slots) {
      if (held.retired || held.home !== item || held.write !== undefined) continue
      this.moved++
      void this.#writer.write(held, held.entry, keyFrom)
    }
  }

  #isWorthStoring(shard: OwnedShard): boolean {
    const { clock, options } = this.#context
    if (shard.cursor === shard.record.cursor) return false
    const sinceMs = clock.monotonic() - shard.storedAt
    const patienceMs =
      shard.passedEntries >= options.cursorEntries ? options.cursorMs : options.cursorIdleMs
    return sinceMs >= patienceMs
  }

  async #store(shard: OwnedShard): Promise<void> {
    const entries = shard.passedEntries
    shard.storedAt = this.#context.clock.monotonic()
    if (!(await this.#keeper.storeCursor(shard))) return
    this.cursorWrites++
    shard.passedEntries -= entries
  }
}
