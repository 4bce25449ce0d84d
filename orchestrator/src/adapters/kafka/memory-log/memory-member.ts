import { FermataError } from '../../../domain/errors.ts'
import type { Clock, Logger, RecordSink, RunningSource, SourceSpec } from '../../../ports/index.ts'
import { CommitQueue } from '../commit-queue.ts'
import { PartitionLane } from '../partition-lane.ts'
import { outOfRange } from '../start-offsets.ts'
import { partitionKey, type TopicPartition } from '../topic-partition.ts'
import { within } from '../within.ts'
import type { GroupPeer, MemoryGroup } from './memory-group.ts'
import type { MemoryLog } from './memory-log.ts'

export type MemberTimes = {
  readonly window: number
  readonly commitMs: number
  readonly settleMs: number
  readonly stopMs: number
}

export type MemoryMemberDeps = {
  readonly log: MemoryLog
  readonly spec: SourceSpec
  readonly sink: RecordSink
  readonly clock: Clock
  readonly logger: Logger
  readonly times: MemberTimes
}

type Held = TopicPartition & { readonly lane: PartitionLane; committed: bigint }
type Holding = {
  readonly generation: number
  readonly held: ReadonlyMap<string, Held>
  readonly commits: CommitQueue
}

/** A consumer in a group of a memory log: a `PartitionLane` for each partition, as with Kafka. */
export class MemoryMember implements GroupPeer, RunningSource {
  readonly topics: readonly string[]
  readonly #deps: MemoryMemberDeps
  readonly #group: MemoryGroup
  #holding: Holding | undefined
  #link: PromiseWithResolvers<void> | undefined
  #revoked: Promise<void> | undefined
  #stopped: Promise<void> | undefined

  constructor(deps: MemoryMemberDeps) {
    this.#deps = deps
    this.topics = deps.spec.topics
    this.#group = deps.log.group(deps.spec.groupId)
  }

  open(): void {
    for (const topic of this.topics) this.#deps.log.partitionsOf(topic)
    this.#group.join(this)
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#giveBack(this.#deps.times.stopMs).then(() => this.#leave())
    return this.#stopped
  }

  /** From here on nothing gets through to the log and nothing comes from it. */
  disconnect(): void {
    if (this.#link !== undefined) return
    const link = Promise.withResolvers<void>()
    this.#link = link
    this.#group.miss(this, () => this.#link !== link)
  }

  reconnect(): void {
    this.#link?.resolve()
    this.#link = undefined
    if (this.#group.has(this)) {
      this.poke()
      return
    }
    this.#abandon()
    if (this.#stopped === undefined) this.#group.join(this)
  }

  async revoke(): Promise<void> {
    await this.#link?.promise
    await this.#giveBack(this.#deps.times.settleMs)
  }

  assign(generation: number, partitions: readonly TopicPartition[]): void {
    if (this.#stopped !== undefined) return
    this.#revoked = undefined
    const held = new Map<string, Held>()
    const commits = this.#commitQueue()
    this.#holding = { generation, held, commits }
    this.#deps.sink.assigned?.(partitions)
    try {
      for (const partition of partitions) held.set(partitionKey(partition), this.#hold(partition))
      this.poke()
    } catch (error) {
      this.#fail(error)
    }
  }

  poke(): void {
    if (this.#link !== undefined || this.#revoked !== undefined) return
    try {
      for (const held of this.#holding?.held.values() ?? []) this.#feed(held)
    } catch (error) {
      this.#fail(error)
    }
  }

  #feed({ topic, partition, lane }: Held): void {
    const { log, spec, times } = this.#deps
    const { low } = log.range(topic, partition)
    if (lane.position < low) {
      throw outOfRange(spec, `${topic}/${partition}: ${lane.position} is before ${low}`)
    }
    if (lane.waiting >= times.window) return
    const { records, next } = log.read(topic, partition, lane.position, times.window)
    if (next > lane.position) lane.offer(records, next)
  }

  #hold(partition: TopicPartition): Held {
    const { log, sink, spec, times } = this.#deps
    const start = this.#start(partition)
    const lane = new PartitionLane({
      accept: (record, signal) => sink.accept(record, signal),
      start,
      window: times.window,
      onProgress: () => {
        this.#holding?.commits.request()
        this.poke()
      },
      onRefused: (error) => this.#fail(error),
    })
    const { low, high } = log.range(partition.topic, partition.partition)
    if (start >= low && start <= high) return { ...partition, lane, committed: start }
    throw outOfRange(spec, `${partitionKey(partition)}: ${start} is not in ${low}..${high}`)
  }

  /** A position that is chosen is committed before it is used, so that it is chosen once. */
  #start(partition: TopicPartition): bigint {
    const { log, spec } = this.#deps
    const committed = this.#group.committed(partition)
    if (committed !== undefined) return committed
    const { low, high } = log.range(partition.topic, partition.partition)
    const start = spec.startFrom === 'latest' ? high : low
    this.#group.commit(this, this.#holding?.generation ?? -1, partition, start)
    return start
  }

  #commitQueue(): CommitQueue {
    const { clock, logger, times } = this.#deps
    return new CommitQueue({
      clock,
      logger,
      everyMs: times.commitMs,
      pending: () =>
        [...(this.#holding?.held.values() ?? [])]
          .filter(({ lane, committed }) => lane.committable > committed)
          .map(({ topic, partition, lane }) => ({
            topic,
            partition,
            offset: lane.committable.toString(),
          })),
      commit: async (commits) => {
        const generation = this.#holding?.generation ?? -1
        if (this.#link !== undefined) throw new Error('The log cannot be reached')
        for (const commit of commits) {
          this.#group.commit(this, generation, commit, BigInt(commit.offset))
        }
      },
      onCommitted: (commits) => {
        for (const commit of commits) {
          const held = this.#holding?.held.get(partitionKey(commit))
          if (held !== undefined) held.committed = BigInt(commit.offset)
        }
      },
      onLost: () => this.#abandon(),
    })
  }

  #giveBack(ms: number): Promise<void> {
    this.#revoked ??= this.#settle(ms)
    return this.#revoked
  }

  async #settle(ms: number): Promise<void> {
    const holding = this.#holding
    if (holding === undefined) return
    const lanes = [...holding.held.values()].map(({ lane }) => lane)
    for (const lane of lanes) lane.halt()
    await holding.commits.flush()
    const settled = Promise.all(lanes.map((lane) => lane.settled()))
    await within(this.#deps.clock, ms, settled)
    await holding.commits.flush()
    this.#abandon()
  }

  /** Cut off, it cannot even say that it leaves. */
  #leave(): void {
    if (this.#link === undefined) this.#group.leave(this)
  }

  #abandon(): void {
    const holding = this.#holding
    this.#holding = undefined
    holding?.commits.close()
    for (const { lane } of holding?.held.values() ?? []) {
      lane.abort(new FermataError('subscription-stopped', 'The partition is not held any more'))
    }
  }

  #fail(error: unknown): void {
    if (this.#stopped !== undefined) return
    void this.stop()
    this.#deps.sink.failed(error instanceof Error ? error : new Error(String(error)))
  }
}
