import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import {
  createKafkaSource,
  type KafkaSourceDeps,
} from '@fermata/orchestrator/adapters/kafka/kafka-source'
import { createSystemClock } from '@fermata/orchestrator/adapters/system/system-clock'
import type { RecordSource, SourceSpec } from '@fermata/orchestrator/ports'
import { type Admin, Kafka, logLevel, Partitioners } from 'kafkajs'
import { onTestFinished } from 'vitest'
import { type RunningKafka, startKafka } from '../../support/real-parts/kafka.ts'
import { type LogLine, recordingLogger } from '../../unit/subscriptions/support/doubles.ts'

const memberProgram = fileURLToPath(new URL('member-process.ts', import.meta.url))

/** A broker with topics, and what tests do with them. */
export class RealTopics {
  readonly broker: RunningKafka
  #count = 0

  private constructor(broker: RunningKafka) {
    this.broker = broker
  }

  static async start(): Promise<RealTopics> {
    return new RealTopics(await startKafka())
  }

  stop(): Promise<void> {
    return this.broker.stop()
  }

  /** A client that knows no topic yet: one that was deleted would fail all others that it is asked about. */
  client(): Kafka {
    return new Kafka({ brokers: [...this.broker.brokers], logLevel: logLevel.NOTHING })
  }

  /** A fresh topic and a group to consume it. */
  async fresh(partitions: number): Promise<SourceSpec & { readonly topic: string }> {
    const topic = `t${process.pid}-${this.#count++}`
    await this.broker.createTopics([{ topic, partitions }])
    return { topic, cluster: 'main', topics: [topic], groupId: `g-${topic}`, startFrom: 'earliest' }
  }

  async admin<T>(act: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = this.client().admin()
    await admin.connect()
    try {
      return await act(admin)
    } finally {
      await admin.disconnect()
    }
  }

  async produce(topic: string, partition: number, count: number): Promise<void> {
    const producer = this.client().producer({
      createPartitioner: Partitioners.DefaultPartitioner,
      // What is sent again is stored once: tests count records.
      idempotent: true,
      maxInFlightRequests: 1,
    })
    await producer.connect()
    try {
      const messages = Array.from({ length: count }, (_, n) => ({ value: String(n), partition }))
      await producer.send({ topic, messages })
    } finally {
      await producer.disconnect()
    }
  }

  /** How many records each partition has. */
  async ends(topic: string): Promise<Record<number, string>> {
    const offsets = await this.admin((admin) => admin.fetchTopicOffsets(topic))
    return Object.fromEntries(offsets.map(({ partition, high }) => [partition, high]))
  }

  source(options: KafkaSourceDeps['options'] = {}): { source: RecordSource; lines: LogLine[] } {
    const lines: LogLine[] = []
    const source = createKafkaSource({
      clusters: { main: { brokers: this.broker.brokers } },
      clock: createSystemClock(),
      logger: recordingLogger(lines),
      options: {
        sessionTimeoutMs: 3_000,
        heartbeatMs: 300,
        maxWaitMs: 100,
        commitMs: 50,
        maxRestartMs: 1_000,
        ...options,
      },
    })
    onTestFinished(() => source.close())
    return { source, lines }
  }

  async committed(spec: SourceSpec): Promise<Record<number, string | undefined>> {
    const positions = await this.source().source.positions(spec)
    return Object.fromEntries(positions.map(({ partition, committed }) => [partition, committed]))
  }

  /** A member that can be stopped, continued and killed as a process. */
  process(spec: SourceSpec, acceptMs: number): { child: ChildProcess; accepted: string[] } {
    const brokers = this.broker.brokers.join(',')
    const program = [memberProgram, brokers, JSON.stringify(spec), String(acceptMs)]
    const flags = ['--conditions=source', '--disable-warning=TimeoutNegativeWarning']
    const child = spawn(process.execPath, [...flags, ...program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const accepted: string[] = []
    createInterface({ input: child.stdout }).on('line', (line) => accepted.push(line))
    return { child, accepted }
  }
}
