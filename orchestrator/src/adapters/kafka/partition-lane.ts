import { AcceptedPrefix } from '../../domain/subscriptions/accepted-prefix.ts'
import type { RecordSink, SourceRecord } from '../../ports/index.ts'

export type LaneDeps = {
  readonly accept: RecordSink['accept']
  /** The first offset to offer. */
  readonly start: bigint
  /** Accepts under way at most. */
  readonly window: number
  /** After each record that was accepted. */
  readonly onProgress: () => void
  /** The sink refused a record although nobody aborted it. */
  readonly onRefused: (error: unknown) => void
}

/**
 * Offers the records of one partition in offset order, several at a time, and knows how far they are
 * accepted. It belongs to one assignment: after a rebalance there is another one.
 */
export class PartitionLane {
  readonly #deps: LaneDeps
  readonly #prefix: AcceptedPrefix
  readonly #abort = new AbortController()
  readonly #idle: (() => void)[] = []
  #queue: SourceRecord[] = []
  #taken = 0
  #underWay = 0
  #halted = false

  constructor(deps: LaneDeps) {
    this.#deps = deps
    this.#prefix = new AcceptedPrefix(deps.start)
  }

  /** The offset of the next record to offer. */
  get position(): bigint {
    return this.#prefix.position
  }

  /** What may be committed (INV-8). */
  get committable(): bigint {
    return this.#prefix.committable
  }

  /** Records that wait for their accept to begin. */
  get waiting(): number {
    return this.#queue.length - this.#taken
  }

  get underWay(): number {
    return this.#underWay
  }

  /** Records in offset order; `next` is where the partition goes on after them. */
  offer(records: readonly SourceRecord[], next: bigint): void {
    if (this.#halted) return
    for (const [index, record] of records.entries()) {
      const offset = BigInt(record.offset)
      this.#prefix.offer(offset, index === records.length - 1 ? next : offset + 1n)
      this.#queue.push(record)
    }
    this.#prefix.skipTo(next)
    this.#pump()
  }

  /** No accept begins any more. */
  halt(): void {
    this.#halted = true
    this.#queue = []
    this.#taken = 0
  }

  /** Ends the accepts under way, too. */
  abort(reason: unknown): void {
    this.halt()
    this.#abort.abort(reason)
  }

  /** Resolves when no accept is under way. */
  settled(): Promise<void> {
    if (this.#underWay === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  #pump(): void {
    while (!this.#halted && this.#underWay < this.#deps.window) {
      const record = this.#queue[this.#taken]
      if (record === undefined) break
      this.#taken++
      this.#underWay++
      void this.#accept(record)
    }
    // What is taken goes in one piece, so that a long queue is not moved for every record.
    if (this.#taken > 0 && this.#taken * 2 >= this.#queue.length) {
      this.#queue = this.#queue.slice(this.#taken)
      this.#taken = 0
    }
  }

  async #accept(record: SourceRecord): Promise<void> {
    try {
      await this.#deps.accept(record, this.#abort.signal)
      this.#prefix.accept(BigInt(record.offset))
      this.#deps.onProgress()
    } catch (error) {
      // What is given up once nothing begins any more is offered again, to whoever takes the partition over.
      if (!this.#halted) {
        this.halt()
        this.#deps.onRefused(error)
      }
    } finally {
      this.#underWay--
      this.#pump()
      if (this.#underWay === 0) for (const resolve of this.#idle.splice(0)) resolve()
    }
  }
}
