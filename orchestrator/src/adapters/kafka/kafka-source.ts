import { FermataError } from '../../domain/errors.ts'
import type {
  Clock,
  Logger,
  PartitionPosition,
  RecordSink,
  RecordSource,
  RunningSource,
  SourceSpec,
} from '../../ports/index.ts'
import { type ClusterAdmin, createClusterAdmin } from './cluster-admin.ts'
import { GroupConsumer } from './group-consumer.ts'
import { createKafkaClient, type KafkaClient } from './kafka-client.ts'
import {
  type KafkaCluster,
  type KafkaSourceOptions,
  type ResolvedKafkaOptions,
  resolveKafkaOptions,
} from './kafka-options.ts'

export type KafkaSourceDeps = {
  readonly clusters: Readonly<Record<string, KafkaCluster>>
  readonly logger: Logger
  readonly clock: Clock
  readonly options?: KafkaSourceOptions
}

/**
 * Consumes Kafka by kafkajs. Connects when something is opened; each subscription has a consumer of its own.
 *
 * @example
 * const source = createKafkaSource({ clusters: { main: { brokers: ['localhost:9092'] } }, logger, clock })
 */
export function createKafkaSource(deps: KafkaSourceDeps): RecordSource {
  return new KafkaSource(deps)
}

class KafkaSource implements RecordSource {
  readonly #deps: KafkaSourceDeps
  readonly #options: ResolvedKafkaOptions
  readonly #open = new Set<RunningSource>()

  constructor(deps: KafkaSourceDeps) {
    this.#deps = deps
    this.#options = resolveKafkaOptions(deps.options ?? {})
  }

  async open(spec: SourceSpec, sink: RecordSink): Promise<RunningSource> {
    const { clock } = this.#deps
    const logger = this.#deps.logger.child({ group: spec.groupId })
    const newClient = () => this.#client(spec.cluster, logger)
    const admin = createClusterAdmin(spec.cluster, newClient())
    const options = this.#options
    const consumer = new GroupConsumer({ admin, newClient, options, spec, sink, clock, logger })
    const running: RunningSource = {
      stop: async () => {
        await consumer.stop()
        await admin.close()
        this.#open.delete(running)
      },
    }
    this.#open.add(running)
    try {
      await consumer.open()
      return running
    } catch (error) {
      await running.stop()
      throw error
    }
  }

  async positions(
    spec: Pick<SourceSpec, 'cluster' | 'topics' | 'groupId'>,
  ): Promise<readonly PartitionPosition[]> {
    const admin = createClusterAdmin(spec.cluster, this.#client(spec.cluster, this.#deps.logger))
    try {
      return await positionsOf(admin, spec)
    } finally {
      await admin.close()
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((running) => running.stop()))
  }

  #client(name: string, logger: Logger): KafkaClient {
    const cluster = Object.hasOwn(this.#deps.clusters, name) ? this.#deps.clusters[name] : undefined
    if (cluster !== undefined) return createKafkaClient(cluster, this.#options, logger)
    throw new FermataError('subscription-invalid', `No Kafka cluster "${name}" is configured`)
  }
}

async function positionsOf(
  admin: ClusterAdmin,
  { topics, groupId }: Pick<SourceSpec, 'topics' | 'groupId'>,
): Promise<readonly PartitionPosition[]> {
  await admin.requireTopics(topics)
  const committed = await admin.committed(groupId, topics)
  const ranges = await admin.ranges(topics)
  return [...ranges].map(([key, { high }]) => {
    const at = key.lastIndexOf('/')
    return {
      topic: key.slice(0, at),
      partition: Number(key.slice(at + 1)),
      committed: committed.get(key)?.toString(),
      end: high.toString(),
    }
  })
}
