import { callDynamo } from './dynamo-call.ts'
import type { Happening, HistoryEvent } from './events.ts'
import { Ledger } from './ledger.ts'
import { notePartition, type Read, readWrite } from './read-write.ts'
import { TableStream } from './table-stream.ts'

/**
 * Writes down what happens on real parts: the stream of the table's writes, and in it, as items of their own, what
 * others have seen. So all has one order, and what was acknowledged before somebody saw something stands before it.
 */
export class Recorder {
  readonly events: HistoryEvent[] = []
  readonly violations: string[] = []
  readonly ledger = new Ledger()
  readonly #endpoint: string
  readonly #table: string
  readonly #stream: TableStream
  #notes = 0
  #at = 0

  private constructor(endpoint: string, table: string, stream: TableStream) {
    this.#endpoint = endpoint
    this.#table = table
    this.#stream = stream
  }

  /** Makes the table, before anybody else does. */
  static async start(endpoint: string, table: string): Promise<Recorder> {
    return new Recorder(endpoint, table, await TableStream.create(endpoint, table))
  }

  /** Resolves when it has its place in the history: behind all that was durable when it was called. */
  async note(who: string, happenings: readonly Happening[]): Promise<void> {
    if (happenings.length === 0) return
    const at = Date.now()
    const reads = happenings.map((happening): Read => ({ at, who, happening }))
    const n = String(this.#notes++).padStart(12, '0')
    await callDynamo(this.#endpoint, 'DynamoDB_20120810.PutItem', {
      TableName: this.#table,
      Item: { pk: { S: notePartition }, sk: { S: n }, reads: { S: JSON.stringify(reads) } },
    })
  }

  /** For what needs no place of its own. */
  add(who: string, happenings: readonly Happening[]): void {
    for (const happening of happenings) this.#take({ at: this.#at, who, ...happening })
  }

  /** Takes in what was written since. */
  async read(): Promise<void> {
    for (const record of await this.#stream.read()) {
      for (const { at = this.#at, who, happening } of readWrite(record)) {
        this.#at = Math.max(this.#at, at)
        this.#take({ at, who, ...happening })
      }
    }
  }

  #take(event: HistoryEvent): void {
    this.events.push(event)
    this.violations.push(...this.ledger.take(event))
  }
}
