import { type IHeaders, Kafka, logLevel } from 'kafkajs'

export type Produced = {
  readonly key?: string
  readonly value: string | Buffer | null
  readonly headers?: IHeaders
  readonly partition?: number
}

/** Produces to a topic and reads what a group has committed. */
export type Topics = {
  produce(topic: string, records: readonly Produced[]): Promise<void>
  /** The committed offset of each partition; 0 where there is none. */
  committed(groupId: string, topic: string, partitions: number): Promise<readonly number[]>
}

const batch = 500

export function topicsOf(brokers: readonly string[]): Topics {
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING })
  return {
    async produce(topic, records) {
      // A broker that has just begun refuses some partitions of a request: all of it is sent again.
      const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
      await producer.connect()
      for (let from = 0; from < records.length; from += batch) {
        await producer.send({ topic, messages: records.slice(from, from + batch) })
      }
      await producer.disconnect()
    },
    async committed(groupId, topic, partitions) {
      const admin = kafka.admin()
      await admin.connect()
      const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] })
      await admin.disconnect()
      const known = new Map(offsets?.partitions.map((one) => [one.partition, Number(one.offset)]))
      return Array.from({ length: partitions }, (_, partition) =>
        Math.max(0, known.get(partition) ?? 0),
      )
    },
  }
}
