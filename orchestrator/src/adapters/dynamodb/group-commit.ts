import { itemBytes } from '@fermata/lambda-runtime/table'
import type { Clock } from '../../ports/index.ts'
import type { NewItem, PutResult } from './batch-writer.ts'

export type GroupCommitOptions = {
  readonly clock: Pick<Clock, 'timer'>
  readonly write: (items: readonly NewItem[]) => Promise<readonly PutResult[]>
  /** How long a put waits for company, in ms; 0: until the end of this turn of the event loop. */
  readonly lingerMs: number
  /** Requests under way at once. While all are, puts gather: load makes batches larger, not slower. */
  readonly maxInFlight: number
}

export type GroupPut =
  | { readonly kind: 'stored' }
  | { readonly kind: 'clash'; readonly standing: NewItem['item'] | undefined }

type Waiting = NewItem & {
  readonly key: string
  readonly bytes: number
  readonly resolve: (result: GroupPut) => void
  readonly reject: (error: Error) => void
  tries: number
}

/** DynamoDB's limit. */
const maxStatements = 25
/** A large item does not hold up a batch of small ones for long. */
const maxBatchBytes = 1024 * 1024
const maxTries = 8

/**
 * Packs independent puts-if-absent of one moment into common requests: a request costs a replica far more
 * CPU than a statement in it.
 *
 * ```
 *  put put put ──► linger ──► [batch 1 ……]          at most maxInFlight
 *       put put put put ────────────────► [batch 2 …]
 * ```
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions
  #waiting: Waiting[] = []
  #inFlight = 0
  #scheduled = false
  #idle: (() => void)[] = []
  #open = 0

  constructor(options: GroupCommitOptions) {
    this.#options = options
  }

  put(put: NewItem): Promise<GroupPut> {
    const { promise, resolve, reject } = Promise.withResolvers<GroupPut>()
    const bytes = itemBytes(put.item)
    this.#open++
    this.#waiting.push({ ...put, key: keyOf(put), bytes, resolve, reject, tries: 0 })
    this.#schedule()
    return promise
  }

  /** Resolves when every put so far has its answer. */
  async drained(): Promise<void> {
    if (this.#open === 0) return
    await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    const flush = () => {
      this.#scheduled = false
      this.#flush()
    }
    if (this.#options.lingerMs > 0) this.#options.clock.timer(this.#options.lingerMs, flush)
    else setImmediate(flush)
  }

  #flush(): void {
    while (this.#waiting.length > 0 && this.#inFlight < this.#options.maxInFlight) {
      const batch = this.#takeBatch()
      this.#inFlight++
      void this.#options.write(batch).then((results) => {
        this.#inFlight--
        for (const [index, put] of batch.entries()) this.#settle(put, results[index])
        this.#flush()
      })
    }
  }

  /** The oldest puts, but never two for one key: DynamoDB refuses such a batch as a whole. */
  #takeBatch(): Waiting[] {
    const batch: Waiting[] = []
    const passed: Waiting[] = []
    const keys = new Set<string>()
    let bytes = 0
    let seen = 0
    for (const put of this.#waiting) {
      if (batch.length === maxStatements) break
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
    return batch
  }

  #settle(put: Waiting, result: PutResult | undefined): void {
    if (result?.kind === 'throttled' && ++put.tries < maxTries) {
      this.#options.clock.timer(10 * 2 ** put.tries, () => {
        this.#waiting.unshift(put)
        this.#flush()
      })
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
