import { setTimeout as delay } from 'node:timers/promises'
import { deriveInvocationId, type InvocationId } from '@fermata/lambda-runtime/protocol'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import type { Order } from '../examples/orders/order.ts'

export const topic = 'orders'
export const subscription = 'orders'

/** An order that is in the topic, and the invocation that its record stands for. */
export interface ProducedOrder {
  readonly order: Order
  readonly invocation: InvocationId
}

export interface ProduceOptions {
  readonly brokers: readonly string[]
  readonly orders: readonly Order[]
  readonly everyMs: number
  readonly signal: AbortSignal
  readonly onProduced: (produced: ProducedOrder) => void
}

function connectKafka(brokers: readonly string[]): Kafka {
  return new Kafka({ clientId: 'demo', brokers: [...brokers], logLevel: logLevel.NOTHING })
}

/** Writes the orders to the topic at a steady pace, each under its id as the key. */
export async function produceOrders(options: ProduceOptions): Promise<void> {
  const producer = connectKafka(options.brokers).producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    // What is sent again is stored once.
    idempotent: true,
    maxInFlightRequests: 1,
  })
  await producer.connect()
  try {
    for (const order of options.orders) {
      const messages = [{ key: order.id, value: JSON.stringify(order) }]
      const [record] = await producer.send({ topic, messages })
      const position = `${record?.partition}/${record?.baseOffset}`
      options.onProduced({ order, invocation: invocationOf(position) })
      await delay(options.everyMs, undefined, { signal: options.signal })
    }
  } finally {
    await producer.disconnect()
  }
}

/** The id follows from where the record stands, so anybody can know it. */
function invocationOf(position: string): InvocationId {
  const firstGeneration = '0'
  const parts = ['kafka', subscription, firstGeneration, topic, ...position.split('/')]
  return deriveInvocationId('checkout', parts)
}

/** Records of the topic that are not committed yet. */
export async function readLag(brokers: readonly string[], groupId: string): Promise<number> {
  const admin = connectKafka(brokers).admin()
  await admin.connect()
  try {
    const [ends, [group]] = await Promise.all([
      admin.fetchTopicOffsets(topic),
      admin.fetchOffsets({ groupId, topics: [topic] }),
    ])
    const committed = new Map(
      group?.partitions.map(({ partition, offset }) => [partition, Number(offset)]),
    )
    return ends.reduce((lag, { partition, high, low }) => {
      const at = committed.get(partition) ?? -1
      return lag + Number(high) - (at < 0 ? Number(low) : at)
    }, 0)
  } finally {
    await admin.disconnect()
  }
}
