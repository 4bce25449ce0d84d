import { type LogEntry, logLevel } from 'kafkajs'
import type { Logger } from '../../ports/index.ts'

/** What kafkajs reports as errors although it is how groups work. */
const everyday = /rebalanc|not aware of this member|generation id|resetting to default offset/i

/**
 * kafkajs speaks of everything that it then retries as an error. Here that is a warning, and what belongs to
 * the life of a group is for debugging; what becomes of it the adapter says itself.
 */
export function createKafkaLog(logger: Logger): (entry: LogEntry) => void {
  return ({ namespace, level, log }) => {
    const { message, timestamp: _, logger: __, stack: ___, ...fields } = log
    const text = `${namespace}: ${message}`
    const expected = everyday.test(`${message} ${String(fields['error'] ?? '')}`)
    if (level === logLevel.ERROR && !expected) logger.warn({ ...fields }, text)
    else logger.debug({ ...fields }, text)
  }
}
