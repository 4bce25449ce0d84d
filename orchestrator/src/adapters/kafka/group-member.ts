import type { Consumer } from 'kafkajs'
import { Assignment, type AssignmentDeps } from './assignment.ts'
import { hookedAssigner } from './consumer-hooks.ts'
import { clientRetry, type KafkaClient } from './kafka-client.ts'
import type { TopicPartition } from './topic-partition.ts'
import { within } from './within.ts'

export type MemberDeps = Omit<AssignmentDeps, 'consumer'> & {
  readonly client: KafkaClient
  /** The member is in its group (again). */
  readonly onJoined: () => void
  /** The consumer has ended by itself: this member is of no use any more. */
  readonly onCrashed: (error: Error) => void
  /** A position is no longer in its topic. Called once; the consumer ends. */
  readonly onOutOfRange: () => void
}

/** One life of one kafkajs consumer: from joining the group to leaving it, or to its crash. */
export class GroupMember {
  readonly #deps: MemberDeps
  readonly #consumer: Consumer
  #assignment: Assignment | undefined
  #stopping = false
  #lastSign: number

  constructor(deps: MemberDeps) {
    const { client, spec, options, clock } = deps
    this.#deps = deps
    this.#lastSign = clock.monotonic()
    this.#consumer = client.kafka.consumer({
      groupId: spec.groupId,
      sessionTimeout: options.sessionTimeoutMs,
      heartbeatInterval: options.heartbeatMs,
      rebalanceTimeout: options.rebalanceTimeoutMs,
      maxWaitTimeInMs: options.maxWaitMs,
      maxBytesPerPartition: 512 * 1024,
      maxBytes: 8 * 1024 * 1024,
      metadataMaxAge: 60_000,
      allowAutoTopicCreation: false,
      // What kafkajs gives up is started again from outside, with a new client.
      retry: { ...clientRetry, restartOnFailure: async () => false },
      partitionAssigners: [
        hookedAssigner({
          beforeJoin: () => this.#beforeJoin(),
          onOutOfRange: () => deps.onOutOfRange(),
        }),
      ],
    })
    this.#listen()
  }

  /**
   * Since when nothing has been heard of a consumer that should be polling, as monotonic time; now, while a
   * join or a stop is awaited is heard of, too.
   */
  get lastSign(): number {
    return this.#lastSign
  }

  /** Whether the broker has told this member that it is none, and it has not joined again. */
  get lost(): boolean {
    return this.#assignment?.lost ?? false
  }

  /** Connects and begins to consume. Joining the group goes on behind. Rejects when no broker answers. */
  async start(): Promise<void> {
    const { spec, onCrashed } = this.#deps
    await this.#consumer.connect()
    if (this.#stopping) return this.#disconnect()
    await this.#consumer.subscribe({
      topics: [...spec.topics],
      fromBeginning: spec.startFrom === 'earliest',
    })
    this.#consumer
      .run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        eachBatch: async (payload) => this.#assignment?.deliver(payload),
      })
      .catch((error: unknown) =>
        onCrashed(error instanceof Error ? error : new Error(String(error))),
      )
  }

  /** Leaves the group in order. Never rejects. */
  async stop(): Promise<void> {
    this.#stopping = true
    await this.#assignment?.release(this.#deps.options.stopMs)
    await this.#disconnect()
  }

  /** Nothing more is committed; the group will notice by itself. Never rejects. */
  async dispose(): Promise<void> {
    this.#stopping = true
    this.#assignment?.abandon()
    await this.#disconnect()
  }

  #listen(): void {
    const consumer = this.#consumer
    const { events } = consumer
    const sign = (): void => {
      this.#lastSign = this.#deps.clock.monotonic()
    }
    consumer.on(events.FETCH_START, sign)
    consumer.on(events.HEARTBEAT, sign)
    consumer.on(events.CRASH, ({ payload }) => this.#deps.onCrashed(payload.error))
    consumer.on(events.GROUP_JOIN, ({ payload }) => {
      sign()
      this.#joined(payload.memberAssignment)
    })
    consumer.on(events.START_BATCH_PROCESS, ({ payload }) => {
      if (payload.batchSize === 0) this.#assignment?.skip(payload, BigInt(payload.lastOffset) + 1n)
    })
  }

  /** Revoked, as far as this member knows; its first commit tells whether it is lost. */
  async #beforeJoin(): Promise<void> {
    const { clock, options } = this.#deps
    const assignment = this.#assignment
    if (assignment === undefined) return
    // A stop under way may be more patient than a rebalance can be; and a broker may not answer.
    await within(clock, 2 * options.settleMs, assignment.release(options.settleMs))
    assignment.abandon()
    if (this.#assignment === assignment) this.#assignment = undefined
  }

  #joined(memberAssignment: Readonly<Record<string, readonly number[]>>): void {
    const partitions = Object.entries(memberAssignment).flatMap(([topic, numbers]) =>
      numbers.map((partition): TopicPartition => ({ topic, partition })),
    )
    this.#assignment?.abandon()
    this.#assignment = new Assignment({ ...this.#deps, consumer: this.#consumer }, partitions)
    if (this.#stopping) return
    this.#deps.onJoined()
    this.#deps.sink.assigned?.(partitions)
    void this.#assignment.begin()
  }

  async #disconnect(): Promise<void> {
    const { client, clock, options } = this.#deps
    await within(clock, options.sessionTimeoutMs, this.#consumer.disconnect())
    client.sever()
  }
}
