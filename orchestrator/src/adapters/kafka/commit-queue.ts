import type { Clock, Logger } from '../../ports/index.ts'
import { type CommitFailure, classifyCommitFailure } from './kafka-errors.ts'
import type { TopicPartition } from './topic-partition.ts'

export type Commit = TopicPartition & { readonly offset: string }

export type CommitQueueDeps = {
  readonly clock: Clock
  readonly logger: Logger
  readonly everyMs: number
  /** What has been accepted and is not committed, now. */
  readonly pending: () => readonly Commit[]
  readonly commit: (commits: readonly Commit[]) => Promise<void>
  readonly onCommitted: (commits: readonly Commit[]) => void
  readonly onLost: () => void
}

export type Flushed = 'committed' | CommitFailure

const retryMs = 1_000

/** Commits what is pending, all partitions in one request, a while after somebody asked for it. */
export class CommitQueue {
  readonly #deps: CommitQueueDeps
  #cancel: (() => void) | undefined
  #flushing: Promise<Flushed> | undefined
  #closed = false

  constructor(deps: CommitQueueDeps) {
    this.#deps = deps
  }

  /** Something new is pending. */
  request(): void {
    this.#schedule(this.#deps.everyMs)
  }

  /** Commits now, everything that is pending at this moment. */
  async flush(): Promise<Flushed> {
    while (this.#flushing !== undefined) await this.#flushing
    this.#cancel?.()
    this.#cancel = undefined
    if (this.#closed) return 'lost'
    this.#flushing = this.#commit()
    try {
      return await this.#flushing
    } finally {
      this.#flushing = undefined
    }
  }

  close(): void {
    this.#closed = true
    this.#cancel?.()
  }

  #schedule(ms: number): void {
    if (this.#closed || this.#cancel !== undefined) return
    this.#cancel = this.#deps.clock.timer(ms, () => {
      this.#cancel = undefined
      void this.flush()
    })
  }

  async #commit(): Promise<Flushed> {
    const commits = this.#deps.pending()
    if (commits.length === 0) return 'committed'
    try {
      await this.#deps.commit(commits)
      this.#deps.onCommitted(commits)
      return 'committed'
    } catch (error) {
      return this.#failed(error)
    }
  }

  #failed(error: unknown): CommitFailure {
    const failure = classifyCommitFailure(error)
    if (failure === 'passing') {
      this.#deps.logger.warn({ error: String(error) }, 'A commit failed; it is tried again')
      this.#schedule(retryMs)
    }
    if (failure === 'lost') this.#deps.onLost()
    return failure
  }
}
