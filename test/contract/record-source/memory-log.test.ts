import { MemoryLog } from '@fermata/orchestrator/adapters/kafka/memory-log/memory-log'
import { createMemorySource } from '@fermata/orchestrator/adapters/kafka/memory-log/memory-source'
import { createSystemClock } from '@fermata/orchestrator/adapters/system/system-clock'
import { describe } from 'vitest'
import { silentLogger } from '../../unit/subscriptions/support/doubles.ts'
import type { LogUnderTest } from './log-under-test.ts'
import { describeRecordSource } from './record-source-contract.ts'

describe('the memory log', () => describeRecordSource(async () => startMemoryLog()))

function startMemoryLog(): LogUnderTest {
  const clock = createSystemClock()
  const sessionTimeoutMs = 300
  const log = new MemoryLog({ clock, sessionTimeoutMs })
  return {
    cluster: 'main',
    sessionTimeoutMs,
    createTopic: async (topic, partitions) => log.createTopic(topic, partitions),
    produce: async (topic, partition, records) => {
      for (const record of records) log.produce(topic, { ...record, partition })
    },
    deleteBefore: async (topic, partition, offset) =>
      log.deleteBefore(topic, partition, BigInt(offset)),
    async member(options = {}) {
      const source = createMemorySource({
        clusters: { main: log },
        clock,
        logger: silentLogger,
        options: { commitMs: 20, settleMs: 100, stopMs: 200, ...options },
      })
      const { disconnect, reconnect } = source
      return { source, disconnect, reconnect, close: () => source.close() }
    },
    stop: async () => undefined,
  }
}
