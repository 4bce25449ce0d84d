import type { Consumer, EachBatchPayload } from 'kafkajs'
import { FermataError } from '../../domain/errors.ts'
import type { Clock, Logger, RecordSink, SourceSpec } from '../../ports/index.ts'
import type { ClusterAdmin } from './cluster-admin.ts'
import { type Commit, CommitQueue } from './commit-queue.ts'
import type { ResolvedKafkaOptions } from './kafka-options.ts'
import { PartitionLane } from './partition-lane.ts'
import { toSourceRecord } from './source-record.ts'
import { findStartOffsets, type StartOffset } from './start-offsets.ts'
import { partitionKey, type TopicPartition } from './topic-partition.ts'
import { within } from './within.ts'

export type AssignmentDeps = {
  readonly consumer: Pick<Consumer, 'pause' | 'resume' | 'seek' | 'commitOffsets'>
  readonly admin: ClusterAdmin
  readonly spec: SourceSpec
  readonly sink: RecordSink
  readonly clock: Clock
  readonly logger: Logger
  readonly options: ResolvedKafkaOptions
  /** The subscription cannot go on. */
  readonly onFailed: (error: Error) => void
}

type Held = TopicPartition & { readonly lane: PartitionLane; committed: bigint; paused: boolean }

type CommitOffsets = EachBatchPayload['commitOffsetsIfNecessary']

const retryMs = 1_000

/**
 * What one member holds in one generation of its group. kafkajs fetches; a batch is taken in at once, so
 * that the consumer goes on polling and heartbeating whatever the sink does, and a partition whose lane is
 * full is paused (INV-11).
 *
 * ```
 * begin ──► (positions found, seek, resume) ──► deliver … ──► release: settle, commit     revoked, stopped
 *                                                        └──► abandon: abort              lost
 * ```
 */
export class Assignment {
  readonly #deps: AssignmentDeps
  readonly #partitions: readonly TopicPartition[]
  readonly #held = new Map<string, Held>()
  readonly #commits: CommitQueue
  readonly #ended = new AbortController()
  #commitOffsets: CommitOffsets | undefined
  #released: Promise<void> | undefined
  #lost = false

  constructor(deps: AssignmentDeps, partitions: readonly TopicPartition[]) {
    this.#deps = deps
    this.#partitions = partitions
    this.#commits = new CommitQueue({
      clock: deps.clock,
      logger: deps.logger,
      everyMs: deps.options.commitMs,
      pending: () => this.#pending(),
      commit: (commits) => this.#commit(commits),
      onCommitted: (commits) => this.#markCommitted(commits),
      onLost: () => this.abandon(),
    })
    this.#pause(partitions)
  }

  /** The broker has told this member that it holds nothing any more. */
  get lost(): boolean {
    return this.#lost
  }

  /** Finds out where to go on, and lets the partitions flow. Never rejects. */
  async begin(): Promise<void> {
    const { clock, logger, onFailed } = this.#deps
    while (!this.#ended.signal.aborted) {
      try {
        return await this.#begin()
      } catch (error) {
        const final = error instanceof FermataError && error.code !== 'kafka-unreachable'
        if (final) return onFailed(error)
        logger.warn({ error: String(error) }, 'Positions are not known yet; asking again')
        await clock.sleep(retryMs, this.#ended.signal)
      }
    }
  }

  /** A batch was fetched. What is not taken is not resolved, so it is fetched again. */
  deliver(payload: EachBatchPayload): void {
    const { topic, partition, messages } = payload.batch
    const held = this.#held.get(partitionKey({ topic, partition }))
    if (held === undefined || this.#ended.signal.aborted || payload.isStale()) return
    this.#commitOffsets = payload.commitOffsetsIfNecessary
    const { lane } = held
    const records = messages
      .filter(({ offset }) => BigInt(offset) >= lane.position)
      .map((message) => toSourceRecord(topic, partition, message))
    const last = payload.batch.lastOffset()
    payload.resolveOffset(last)
    lane.offer(records, BigInt(last) + 1n)
    this.#regulate(held)
  }

  /** A batch held no record: markers of transactions, aborted records, what compaction left. */
  skip(partition: TopicPartition, next: bigint): void {
    const held = this.#held.get(partitionKey(partition))
    if (held === undefined) return
    held.lane.offer([], next)
    this.#commits.request()
  }

  /**
   * Gives everything back while still a member: offers nothing more, lets accepts under way end for up to
   * `ms`, commits. Never rejects.
   */
  release(ms: number): Promise<void> {
    this.#released ??= this.#release(ms)
    return this.#released
  }

  /** The partitions are another member's already: nothing may be committed. */
  abandon(): void {
    this.#lost = true
    this.#end('The partition is lost')
  }

  async #begin(): Promise<void> {
    const { admin, spec, consumer } = this.#deps
    const starts = await findStartOffsets(admin, spec, this.#partitions)
    if (this.#ended.signal.aborted) return
    await this.#commitStarts(starts)
    if (this.#ended.signal.aborted) return
    for (const start of starts) {
      this.#held.set(partitionKey(start), this.#hold(start))
      consumer.seek({ ...start, offset: String(start.offset) })
    }
    this.#resume(this.#partitions)
  }

  /**
   * A position that follows from `latest` is committed before it is used: found again after a rebalance it
   * would be a later one, and what came between would be nobody's.
   */
  async #commitStarts(starts: readonly StartOffset[]): Promise<void> {
    const chosen = starts.filter(({ committed }) => !committed)
    if (chosen.length === 0) return
    await this.#deps.consumer.commitOffsets(
      chosen.map(({ topic, partition, offset }) => ({ topic, partition, offset: String(offset) })),
    )
  }

  #hold({ topic, partition, offset }: StartOffset): Held {
    const { sink, options, onFailed } = this.#deps
    const lane = new PartitionLane({
      accept: (record, signal) => sink.accept(record, signal),
      start: offset,
      window: options.window,
      onProgress: () => {
        this.#regulate(held)
        this.#commits.request()
      },
      onRefused: (error) => onFailed(error instanceof Error ? error : new Error(String(error))),
    })
    const held: Held = { topic, partition, lane, committed: offset, paused: false }
    return held
  }

  /** Full lanes are paused, and go on well before they are empty: a resume takes effect with the next fetch. */
  #regulate(held: Held): void {
    const { window } = this.#deps.options
    if (this.#ended.signal.aborted) return
    if (!held.paused && held.lane.waiting > 8 * window) {
      held.paused = true
      this.#pause([held])
    } else if (held.paused && held.lane.waiting <= 4 * window) {
      held.paused = false
      this.#resume([held])
    }
  }

  async #release(ms: number): Promise<void> {
    const { clock } = this.#deps
    const lanes = [...this.#held.values()].map(({ lane }) => lane)
    for (const lane of lanes) lane.halt()
    this.#pause(this.#partitions)
    // The first commit tells whether this member still is one: if not, waiting would be for nothing.
    await this.#commits.flush()
    if (!this.#lost) {
      await within(clock, ms, Promise.all(lanes.map((lane) => lane.settled())))
      await this.#commits.flush()
    }
    this.#end('The partition is given back')
  }

  #end(reason: string): void {
    if (this.#ended.signal.aborted) return
    this.#ended.abort()
    this.#commits.close()
    for (const { lane } of this.#held.values()) lane.abort(new Error(reason))
  }

  #pending(): Commit[] {
    return [...this.#held.values()]
      .filter(({ lane, committed }) => lane.committable > committed)
      .map(({ topic, partition, lane }) => ({ topic, partition, offset: String(lane.committable) }))
  }

  #markCommitted(commits: readonly Commit[]): void {
    for (const commit of commits) {
      const held = this.#held.get(partitionKey(commit))
      if (held !== undefined) held.committed = BigInt(commit.offset)
    }
  }

  /**
   * By the batch's own function where there has been one: it tries once, with the generation that it has now.
   * The consumer's would try again later, perhaps as a member of the next generation, and take back what
   * the partition's next owner has committed.
   */
  async #commit(commits: readonly Commit[]): Promise<void> {
    if (this.#commitOffsets === undefined) {
      return this.#deps.consumer.commitOffsets([...commits])
    }
    const topics = this.#deps.spec.topics.map((topic) => ({
      topic,
      partitions: commits
        .filter((commit) => commit.topic === topic)
        .map(({ partition, offset }) => ({ partition, offset })),
    }))
    await this.#commitOffsets({ topics: topics.filter(({ partitions }) => partitions.length > 0) })
  }

  #pause(partitions: readonly TopicPartition[]): void {
    ignoreStopped(() => this.#deps.consumer.pause(toTopics(partitions)))
  }

  #resume(partitions: readonly TopicPartition[]): void {
    ignoreStopped(() => this.#deps.consumer.resume(toTopics(partitions)))
  }
}

/** kafkajs throws when its consumer has ended meanwhile; then there is nothing to pause. */
function ignoreStopped(act: () => void): void {
  try {
    act()
  } catch {
    // Whoever ended the consumer deals with it.
  }
}

function toTopics(
  partitions: readonly TopicPartition[],
): { topic: string; partitions: number[] }[] {
  return partitions.map(({ topic, partition }) => ({ topic, partitions: [partition] }))
}
