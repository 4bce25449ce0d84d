import { FermataError } from '../../domain/errors.ts'
import type {
  Clock,
  Logger,
  PartitionPosition,
  RecordSource,
  SourceSpec,
} from '../../ports/index.ts'
import { type ClusterAdmin, createClusterAdmin } from './cluster-admin.ts'
import { GroupConsumer } from './group-consumer.ts'
import { createKafkaClient } from './kafka-client.ts'
import { type KafkaCluster, type KafkaSourceOptions, resolveKafkaOptions } from './kafka-options.ts'

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
  readonly #options: ReturnType<typeof resolveKafkaOptions>
  readonly #admins = new Map<string, ClusterAdmin>()
  readonly #open = new Set<GroupConsumer>()

  constructor(deps: KafkaSourceDeps) {
    this.#deps = deps
    this.#options = resolveKafkaOptions(deps.options ?? {})
  }

  async open(
    spec: SourceSpec,
    sink: Parameters<RecordSource['open']>[1],
  ): ReturnType<RecordSource['open']> {
    const { clock } = this.#deps
    const cluster = this.#cluster(spec.cluster)
    const logger = this.#deps.logger.child({ group: spec.groupId })
    const consumer = new GroupConsumer({
      admin: this.#admin(spec.cluster),
      newClient: () => createKafkaClient(cluster, this.#options, logger),
      options: this.#options,
      spec,
      sink,
      clock,
      logger,
    })
    await consumer.open()
    this.#open.add(consumer)
    return {
      stop: async () => {
        await consumer.stop()
        this.#open.delete(consumer)
      },
    }
  }

  async positions(
    spec: Pick<SourceSpec, 'cluster' | 'topics' | 'groupId'>,
  ): Promise<readonly PartitionPosition[]> {
    const admin = this.#admin(spec.cluster)
    await admin.requireTopics(spec.topics)
    const committed = await admin.committed(spec.groupId, spec.topics)
    const ranges = await admin.ranges(spec.topics)
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

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((consumer) => consumer.stop()))
    this.#open.clear()
    await Promise.all([...this.#admins.values()].map((admin) => admin.close()))
    this.#admins.clear()
  }

  #cluster(name: string): KafkaCluster {
    const cluster = Object.hasOwn(this.#deps.clusters, name) ? this.#deps.clusters[name] : undefined
    if (cluster !== undefined) return cluster
    throw new FermataError('subscription-invalid', `No Kafka cluster "${name}" is configured`)
  }

  #admin(name: string): ClusterAdmin {
    const existing = this.#admins.get(name)
    if (existing !== undefined) return existing
    const kafka = createKafkaClient(this.#cluster(name), this.#options, this.#deps.logger)
    const admin = createClusterAdmin(name, kafka)
    this.#admins.set(name, admin)
    return admin
  }
}
