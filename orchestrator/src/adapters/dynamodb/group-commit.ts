import type { Item } from '@fermata/lambda-runtime/table'
import type { Clock } from '../../ports/index.ts'
import type { NewItem, PutResult } from './batch-writer.ts'

export type GroupCommitOptions = {
  readonly clock: Pick<Clock, 'timer'>
  readonly write: (items: readonly NewItem[]) => Promise<readonly PutResult[]>
  /** Whether the table takes several puts in one request; if not, each goes alone and none waits for company. */
  readonly batching: () => boolean
  /** Beside fewer requests under way than these, a put does not wait. */
  readonly eager: number
  /** How long a put waits for company when that many requests are under way, in ms. */
  readonly lingerMs: number
  /** Requests under way at once. While all are, puts gather: load makes batches larger. */
  readonly maxInFlight: number
}

export type GroupPut =
  | { readonly kind: 'stored' }
  | { readonly kind: 'clash'; readonly standing: Item | undefined }

type Waiting = NewItem & {
  readonly key: string
  readonly bytes: number
  readonly resolve: (result: GroupPut) => void
  readonly reject: (error: Error) => void
  tries: number
}

/** DynamoDB's limit. */
const maxStatements = 25
/** Puts that go alone and are under way at once: no more than the client has sockets for. */
const maxAlone = 100
/** DynamoDB would take 16 MB, but a large item must not hold up a batch of small ones for long. */
const maxBatchBytes = 1024 * 1024
const maxTries = 8

/**
 * Packs independent puts-if-absent of one moment into common requests: a request costs a replica far more
 * CPU than a statement in it. Only load makes them wait, and no slow request holds up others:
 *
 * ```
 *  fewer than `eager` under way ──► all goes at the end of this turn of the event loop
 *  more                         ──► a full batch goes at the end of the turn, the rest when fewer than
 *                                   `eager` are under way again, after `lingerMs` at the latest
 *  `maxInFlight`                ──► what is not under way waits for an answer
 * ```
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #inFlight = 0
  #turnEnds = false
  #cancelLinger: (() => void) | undefined
  #lingered = false
  #idle: (() => void)[] = []
  #open = 0

  constructor(options: GroupCommitOptions) {
    this.#options = options
  }

  put(put: NewItem): Promise<GroupPut> {
    const { promise, resolve, reject } = Promise.withResolvers<GroupPut>()
    const bytes = roughBytes(put.item)
    this.#open++
    this.#admit({ ...put, key: keyOf(put), bytes, resolve, reject, tries: 0 })
    return promise
  }

  /** Resolves when every put so far has its answer. */
  async drained(): Promise<void> {
    if (this.#open === 0) return
    await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  #admit(put: Waiting): void {
    this.#waiting.push(put)
    this.#waitingBytes += put.bytes
    this.#schedule()
  }

  #schedule(): void {
    if (this.#waiting.length === 0) return
    const mayGo = this.#mayLeave() || this.#isFull()
    if (mayGo && this.#inFlight < this.#maxInFlight) this.#flushAtEndOfTurn()
    else if (!this.#lingered) this.#startLinger()
  }

  /** Whether also what does not fill a batch may go. */
  #mayLeave(): boolean {
    return this.#inFlight < this.#options.eager || this.#lingered
  }

  #isFull(): boolean {
    return this.#waiting.length >= this.#batchSize || this.#waitingBytes >= maxBatchBytes
  }

  get #batchSize(): number {
    return this.#options.batching() ? maxStatements : 1
  }

  get #maxInFlight(): number {
    return this.#options.batching() ? this.#options.maxInFlight : maxAlone
  }

  #startLinger(): void {
    this.#cancelLinger ??= this.#options.clock.timer(this.#options.lingerMs, () => {
      this.#cancelLinger = undefined
      this.#lingered = true
      this.#flush()
    })
  }

  #flushAtEndOfTurn(): void {
    if (this.#turnEnds) return
    this.#turnEnds = true
    setImmediate(() => {
      this.#turnEnds = false
      this.#flush()
    })
  }

  #flush(): void {
    const mayLeave = this.#mayLeave()
    while (this.#waiting.length > 0 && this.#inFlight < this.#maxInFlight) {
      if (!mayLeave && !this.#isFull()) break
      this.#inFlight++
      void this.#send(this.#takeBatch()).then(() => {
        this.#inFlight--
        this.#schedule()
      })
    }
    if (this.#waiting.length === 0) {
      this.#lingered = false
      this.#cancelLinger?.()
      this.#cancelLinger = undefined
    }
    this.#schedule()
  }

  /** The oldest puts, but never two for one key: such a batch is refused, and yet part of it may be stored. */
  #takeBatch(): Waiting[] {
    const batch: Waiting[] = []
    const passed: Waiting[] = []
    const keys = new Set<string>()
    const size = this.#batchSize
    let bytes = 0
    let seen = 0
    for (const put of this.#waiting) {
      if (batch.length === size) break
      seen++
      if (batch.length > 0 && (bytes + put.bytes > maxBatchBytes || keys.has(put.key))) {
        passed.push(put)
        continue
      }
      batch.push(put)
      keys.add(put.key)
      bytes += put.bytes
    }
    this.#waiting = [...passed, ...this.#waiting.slice(seen)]
    this.#waitingBytes -= bytes
    return batch
  }

  async #send(batch: readonly Waiting[]): Promise<void> {
    const results = await this.#options.write(batch)
    for (const [index, put] of batch.entries()) this.#settle(put, results[index])
  }

  #settle(put: Waiting, result: PutResult | undefined): void {
    if (result?.kind === 'throttled' && ++put.tries < maxTries) {
      this.#options.clock.timer(10 * 2 ** put.tries, () => this.#admit(put))
      return
    }
    if (result === undefined) put.reject(new Error('A put got no answer'))
    else if (result.kind === 'stored' || result.kind === 'clash') put.resolve(result)
    else put.reject(result.error)
    if (--this.#open === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }
}

function keyOf({ item }: NewItem): string {
  return JSON.stringify([item['pk'], item['sk']])
}

/** Enough to split batches by, and cheaper than what DynamoDB counts. */
function roughBytes(item: Item): number {
  let bytes = 0
  for (const value of Object.values(item)) {
    if ('S' in value) bytes += value.S.length
    else if ('B' in value) bytes += value.B.byteLength
  }
  return bytes
}
