import { connect } from 'node:net'
import { createKafkaSource } from '@fermata/orchestrator/adapters/kafka/kafka-source'
import { createSystemClock } from '@fermata/orchestrator/adapters/system/system-clock'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { startKafka } from '../../support/real-parts/kafka.ts'
import { requirePart } from '../../support/real-parts/require-part.ts'
import { silentLogger } from '../../unit/subscriptions/support/doubles.ts'
import { FreezableProxy } from './freezable-proxy.ts'
import type { LogUnderTest, MemberOptions, MemberUnderTest } from './log-under-test.ts'
import { describeRecordSource } from './record-source-contract.ts'

/** For a machine that stands still for a second or two, nobody loses his membership. */
const sessionTimeoutMs = 6_000

requirePart('kafka')('Kafka by kafkajs', () => describeRecordSource(startRealLog))

async function startRealLog(): Promise<LogUnderTest> {
  const broker = await startKafka()
  const client = new Kafka({ brokers: [...broker.brokers], logLevel: logLevel.NOTHING })
  const admin = client.admin()
  const producer = client.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
    // What is sent again is stored once: tests count records.
    idempotent: true,
    maxInFlightRequests: 1,
  })
  await Promise.all([admin.connect(), producer.connect()])
  return {
    cluster: 'main',
    sessionTimeoutMs,
    createTopic: (topic, partitions) => broker.createTopics([{ topic, partitions }]),
    async produce(topic, partition, records) {
      const messages = records.map(({ key = null, value, headers }) => ({
        key,
        value,
        partition,
        headers: { ...headers },
      }))
      // A request has its limit: large records go a few at a time.
      const large = messages.some(({ value }) => (value?.length ?? 0) > 10_000)
      const atOnce = large ? 4 : 1_000
      for (let at = 0; at < messages.length; at += atOnce) {
        await producer.send({ topic, messages: messages.slice(at, at + atOnce) })
      }
    },
    async deleteBefore(topic, partition, offset) {
      await admin.fetchTopicOffsets(topic)
      await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] })
    },
    member: (options) => startMember(broker.brokers, options),
    async stop() {
      await Promise.all([admin.disconnect(), producer.disconnect()])
      await broker.stop()
    },
  }
}

async function startMember(
  brokers: readonly string[],
  options: MemberOptions = {},
): Promise<MemberUnderTest> {
  const proxy = await FreezableProxy.to(brokers[0] ?? '')
  const source = createKafkaSource({
    clusters: { main: { brokers } },
    clock: createSystemClock(),
    logger: silentLogger,
    options: {
      sessionTimeoutMs,
      heartbeatMs: 300,
      rebalanceTimeoutMs: 10_000,
      maxWaitMs: 100,
      settleMs: 500,
      stopMs: 500,
      commitMs: 50,
      ...options,
      openSocket: ({ onConnect }) => connect(proxy.port, '127.0.0.1', onConnect),
    },
  })
  return {
    source,
    disconnect: () => proxy.freeze(),
    reconnect: () => proxy.thaw(),
    async close() {
      // A member that was cut off has nobody to take leave of.
      if (proxy.frozen) await proxy.close()
      await source.close()
      await proxy.close()
    },
  }
}
