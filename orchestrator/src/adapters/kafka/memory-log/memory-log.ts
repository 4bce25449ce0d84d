import { FermataError } from '../../../domain/errors.ts'
import type { Clock, SourceRecord } from '../../../ports/index.ts'
import { MemoryGroup } from './memory-group.ts'

export type NewRecord = {
  readonly partition?: number
  readonly key?: string | Uint8Array | null
  readonly value: string | Uint8Array | null
  readonly headers?: Readonly<Record<string, string | Uint8Array>>
  readonly timestamp?: number
}

export type MemoryLogOptions = {
  readonly clock: Clock
  /** A member that cannot be reached for so long is out of its group. 10 s. */
  readonly sessionTimeoutMs?: number
}

type Partition = { low: bigint; high: bigint; readonly records: Map<bigint, SourceRecord> }

/** What Kafka is to its clients, in memory: topics with partitions, and consumer groups. */
export class MemoryLog {
  readonly #clock: Clock
  readonly #sessionTimeoutMs: number
  readonly #topics = new Map<string, Partition[]>()
  readonly #groups = new Map<string, MemoryGroup>()

  constructor(options: MemoryLogOptions) {
    this.#clock = options.clock
    this.#sessionTimeoutMs = options.sessionTimeoutMs ?? 10_000
  }

  createTopic(topic: string, partitions = 1): void {
    const empty = (): Partition => ({ low: 0n, high: 0n, records: new Map() })
    this.#topics.set(topic, Array.from({ length: partitions }, empty))
  }

  /** What groups have committed of it goes with it. Whoever consumes it notices. */
  deleteTopic(topic: string): void {
    this.#topics.delete(topic)
    for (const group of this.#groups.values()) {
      group.forget(topic)
      group.poke()
    }
  }

  /** Appends, and answers the offset. */
  produce(topic: string, record: NewRecord): bigint {
    const number = record.partition ?? 0
    const partition = this.#partition(topic, number)
    const offset = partition.high
    partition.high = offset + 1n
    partition.records.set(offset, {
      topic,
      partition: number,
      offset: offset.toString(),
      timestamp: record.timestamp ?? this.#clock.now(),
      key: toBytes(record.key ?? null),
      value: toBytes(record.value),
      headers: Object.entries(record.headers ?? {}).map(([name, value]) => [
        name,
        Buffer.from(value),
      ]),
    })
    for (const group of this.#groups.values()) group.poke()
    return offset
  }

  /** Uses offsets up without a record, as a transaction's marker does. */
  leaveGap(topic: string, partition: number, offsets = 1): void {
    this.#partition(topic, partition).high += BigInt(offsets)
  }

  /** Deletes what stands before `offset`, as retention does. */
  deleteBefore(topic: string, partition: number, offset: bigint): void {
    const found = this.#partition(topic, partition)
    found.low = offset
    for (const one of found.records.keys()) if (one < offset) found.records.delete(one)
  }

  /** @throws FermataError `topic-not-found` */
  partitionsOf(topic: string): number {
    return this.#partitions(topic).length
  }

  range(topic: string, partition: number): { readonly low: bigint; readonly high: bigint } {
    const { low, high } = this.#partition(topic, partition)
    return { low, high }
  }

  /** At most `limit` records from `offset` on, and where the partition goes on after them. */
  read(
    topic: string,
    partition: number,
    from: bigint,
    limit: number,
  ): { readonly records: readonly SourceRecord[]; readonly next: bigint } {
    const { high, records } = this.#partition(topic, partition)
    const found: SourceRecord[] = []
    let next = from
    for (; next < high && found.length < limit; next++) {
      const record = records.get(next)
      if (record !== undefined) found.push(record)
    }
    return { records: found, next }
  }

  group(groupId: string): MemoryGroup {
    const existing = this.#groups.get(groupId)
    if (existing !== undefined) return existing
    const sizeOf = (topic: string): number => this.#topics.get(topic)?.length ?? 0
    const group = new MemoryGroup(sizeOf, this.#clock, this.#sessionTimeoutMs)
    this.#groups.set(groupId, group)
    return group
  }

  #partitions(topic: string): Partition[] {
    const partitions = this.#topics.get(topic)
    if (partitions !== undefined) return partitions
    throw new FermataError('topic-not-found', `There is no topic "${topic}": create it`)
  }

  #partition(topic: string, number: number): Partition {
    const partition = this.#partitions(topic)[number]
    if (partition !== undefined) return partition
    throw new FermataError('topic-not-found', `Topic "${topic}" has no partition ${number}`)
  }
}

function toBytes(value: string | Uint8Array | null): Uint8Array | null {
  return typeof value === 'string' ? Buffer.from(value) : value
}
