/** A consumer in a process of its own: prints every position it accepts, one a line. */
import { createKafkaSource } from '@fermata/orchestrator/adapters/kafka/kafka-source'
import { createSystemClock } from '@fermata/orchestrator/adapters/system/system-clock'
import type { SourceSpec } from '@fermata/orchestrator/ports'
import { silentLogger } from '../../unit/subscriptions/support/doubles.ts'

const [brokers = '', spec = '{}', acceptMs = '0'] = process.argv.slice(2)
const clock = createSystemClock()
const source = createKafkaSource({
  clusters: { main: { brokers: brokers.split(',') } },
  clock,
  logger: silentLogger,
  options: { sessionTimeoutMs: 2_000, heartbeatMs: 300, maxWaitMs: 100, window: 4 },
})
const running = await source.open(JSON.parse(spec) as SourceSpec, {
  async accept({ partition, offset }) {
    await clock.sleep(Number(acceptMs))
    process.stdout.write(`${partition}:${offset}\n`)
  },
  failed: (error) => process.stdout.write(`failed ${error.message}\n`),
})
process.on('SIGTERM', async () => {
  await running.stop()
  await source.close()
  process.exit(0)
})
