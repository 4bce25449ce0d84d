/** A record as it came. Header values are bytes: what they mean is the subscription's business. */
export type SourceRecord = {
  readonly topic: string
  readonly partition: number
  /** Decimal text. */
  readonly offset: string
  /** Epoch ms. */
  readonly timestamp: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly (readonly [name: string, value: Uint8Array])[]
}

export type SourceSpec = {
  /** Which configured cluster. */
  readonly cluster: string
  readonly topics: readonly string[]
  /** Follows from the subscription's name, so that recreating it does not replay the past. */
  readonly groupId: string
  readonly startFrom: 'earliest' | 'latest'
}

/**
 * Takes records. `accept` resolves once the record is durable (accepted or kept as dead): only then may its
 * offset, and all before it, be committed (INV-8). It rejects when `signal` aborts or the subscription must stop; then
 * nothing of it may be committed. Records of one partition are offered in offset order; several may be under way.
 */
export interface RecordSink {
  accept(record: SourceRecord, signal: AbortSignal): Promise<void>
  /** Called after a rebalance, with what this member now holds. */
  assigned?(partitions: readonly { readonly topic: string; readonly partition: number }[]): void
  /** The consumer cannot go on by itself (offset out of range, topic gone, sink refused). */
  failed(error: Error): void
}

export type PartitionPosition = {
  readonly topic: string
  readonly partition: number
  readonly committed: string | undefined
  readonly end: string
}

export interface RunningSource {
  /** Stops polling, lets accepts under way finish, commits what is accepted, leaves the group. */
  stop(): Promise<void>
}

/** A log of records to consume: Kafka in production. */
export interface RecordSource {
  /** @throws FermataError `topic-not-found` | `kafka-unreachable` */
  open(spec: SourceSpec, sink: RecordSink): Promise<RunningSource>
  /** Committed and end offsets of a group. */
  positions(
    spec: Pick<SourceSpec, 'cluster' | 'topics' | 'groupId'>,
  ): Promise<readonly PartitionPosition[]>
  close(): Promise<void>
}
