import type { Admin } from 'kafkajs'
import { FermataError } from '../../domain/errors.ts'
import type { KafkaClient } from './kafka-client.ts'
import { isUnknownTopic, toFermataError } from './kafka-errors.ts'
import { partitionKey } from './topic-partition.ts'

/** The first offset that a partition still has, and the next one that it will give out. */
export type OffsetRange = { readonly low: bigint; readonly high: bigint }

/** What is asked of a cluster beside consuming. Everything throws FermataError `kafka-unreachable`. */
export interface ClusterAdmin {
  /** @throws FermataError `topic-not-found` */
  requireTopics(topics: readonly string[]): Promise<void>
  /** By partition key; a partition without a commit is missing. */
  committed(groupId: string, topics: readonly string[]): Promise<ReadonlyMap<string, bigint>>
  /** By partition key. @throws FermataError `topic-not-found` */
  ranges(topics: readonly string[]): Promise<ReadonlyMap<string, OffsetRange>>
  close(): Promise<void>
}

/**
 * Connects when first asked, and keeps the connection. One for each subscription: kafkajs asks for all topics
 * that a client was ever asked about, and one of them that is deleted fails the others (INV-11).
 */
export function createClusterAdmin(name: string, client: KafkaClient): ClusterAdmin {
  const connection = keepConnection(client)
  const ask = async <T>(question: (admin: Admin) => Promise<T>): Promise<T> => {
    try {
      return await question(await connection.get())
    } catch (error) {
      throw toFermataError(name, error)
    }
  }
  return {
    requireTopics: (topics) => ask((admin) => requireTopics(name, admin, topics)),
    committed: (groupId, topics) => ask((admin) => committedOf(admin, groupId, topics)),
    ranges: (topics) => ask((admin) => rangesOf(name, admin, topics)),
    close: connection.close,
  }
}

function keepConnection({ kafka, sever }: KafkaClient): {
  get(): Promise<Admin>
  close(): Promise<void>
} {
  let connected: Promise<Admin> | undefined
  const connect = async (): Promise<Admin> => {
    const admin = kafka.admin()
    try {
      await admin.connect()
      return admin
    } catch (error) {
      connected = undefined
      await admin.disconnect().catch(() => undefined)
      throw error
    }
  }
  return {
    get: () => {
      connected ??= connect()
      return connected
    },
    close: async () => {
      const admin = await connected?.catch(() => undefined)
      connected = undefined
      await admin?.disconnect().catch(() => undefined)
      sever()
    },
  }
}

async function requireTopics(
  cluster: string,
  admin: Admin,
  topics: readonly string[],
): Promise<void> {
  const existing = new Set(await admin.listTopics())
  const missing = topics.filter((topic) => !existing.has(topic))
  if (missing.length > 0) throw topicNotFound(cluster, missing)
}

async function committedOf(
  admin: Admin,
  groupId: string,
  topics: readonly string[],
): Promise<ReadonlyMap<string, bigint>> {
  const committed = new Map<string, bigint>()
  for (const { topic, partitions } of await admin.fetchOffsets({ groupId, topics: [...topics] })) {
    for (const { partition, offset } of partitions) {
      // Negative offsets are no commits: they mean "none", or "earliest" and "latest".
      if (BigInt(offset) >= 0n) committed.set(partitionKey({ topic, partition }), BigInt(offset))
    }
  }
  return committed
}

async function rangesOf(
  cluster: string,
  admin: Admin,
  topics: readonly string[],
): Promise<ReadonlyMap<string, OffsetRange>> {
  const ranges = new Map<string, OffsetRange>()
  for (const topic of topics) {
    const partitions = await admin.fetchTopicOffsets(topic).catch((error: unknown) => {
      throw isUnknownTopic(error) ? topicNotFound(cluster, [topic]) : error
    })
    for (const { partition, low, high } of partitions) {
      ranges.set(partitionKey({ topic, partition }), { low: BigInt(low), high: BigInt(high) })
    }
  }
  return ranges
}

function topicNotFound(cluster: string, topics: readonly string[]): FermataError {
  const names = topics.map((topic) => `"${topic}"`).join(', ')
  return new FermataError(
    'topic-not-found',
    `Cluster "${cluster}" has no topic ${names}: create it, or correct the subscription's source`,
  )
}
