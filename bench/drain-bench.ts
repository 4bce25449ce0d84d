import { Kafka, logLevel } from 'kafkajs'
import { startKafka } from '../test/support/real-parts/kafka.ts'
import { cpuMsOf } from './process-cpu.ts'
import type { Rig } from './rig.ts'
import { round } from './statistics.ts'

export type DrainResult = {
  readonly limits: string
  readonly records: number
  readonly seconds: number
  /** What it would take if all of the cap were busy all the time. */
  readonly idealSeconds: number
  readonly peakConcurrency: number
  readonly throttles: number
  readonly cpuMs: number
}

const records = 5_000
const cap = 100
const handlerMs = 200

/** Drains a topic into a slow function that Lambda caps, once with the cap known and once with it found out. */
export async function benchDrain(rig: Rig): Promise<readonly DrainResult[]> {
  const kafka = await startKafka({})
  try {
    return [await drain(rig, kafka, 'known', cap), await drain(rig, kafka, 'found out', 10 * cap)]
  } finally {
    await kafka.stop()
  }
}

async function drain(
  rig: Rig,
  kafka: Awaited<ReturnType<typeof startKafka>>,
  limits: string,
  perFunction: number,
): Promise<DrainResult> {
  const topic = `drain-${perFunction}`
  await kafka.createTopics([{ topic, partitions: 8 }])
  await produce(kafka.brokers, topic)
  rig.lambda.setConcurrency('bench', cap)
  rig.lambda.resetStatistics('bench')
  const orchestrator = await rig.orchestrator({
    kafka: { main: { brokers: kafka.brokers } },
    limits: { running: 2_000, perFunction },
  })
  const cpuBefore = await cpuMsOf(orchestrator.pid)
  const start = performance.now()
  await orchestrator.post('subscriptions', {
    name: topic,
    source: `kafka://main/${topic}`,
    sink: 'bench/slow',
    options: { startFrom: 'earliest' },
  })
  const done = () => {
    const { invocations, concurrent } = rig.lambda.statistics('bench')
    return invocations >= records && concurrent === 0
  }
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 20))
  const seconds = (performance.now() - start) / 1_000
  const { peakConcurrent, throttles } = rig.lambda.statistics('bench')
  const cpuMs = (await cpuMsOf(orchestrator.pid)) - cpuBefore
  await orchestrator.stop()
  return {
    limits,
    records,
    seconds: round(seconds),
    idealSeconds: (records * handlerMs) / 1_000 / cap,
    peakConcurrency: peakConcurrent,
    throttles,
    cpuMs: round(cpuMs / records, 2),
  }
}

async function produce(brokers: readonly string[], topic: string): Promise<void> {
  const producer = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).producer()
  await producer.connect()
  for (let from = 0; from < records; from += 500) {
    const messages = Array.from({ length: 500 }, (_, index) => ({
      key: `key ${(from + index) % 64}`,
      value: JSON.stringify(from + index),
    }))
    await producer.send({ topic, messages })
  }
  await producer.disconnect()
}
