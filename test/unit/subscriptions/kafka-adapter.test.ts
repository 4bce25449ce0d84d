import { CommitQueue } from '@fermata/orchestrator/adapters/kafka/commit-queue'
import {
  classifyCommitFailure,
  toFermataError,
} from '@fermata/orchestrator/adapters/kafka/kafka-errors'
import { createKafkaLog } from '@fermata/orchestrator/adapters/kafka/kafka-log'
import { resolveKafkaOptions } from '@fermata/orchestrator/adapters/kafka/kafka-options'
import { FermataError } from '@fermata/orchestrator/domain/errors'
import { logLevel } from 'kafkajs'
import { describe, expect, test } from 'vitest'
import { createVirtualClock } from '../../support/sim-clock.ts'
import { type LogLine, recordingLogger, silentLogger } from './support/doubles.ts'

describe('what kafkajs says', () => {
  const say = (level: logLevel, message: string, error?: string): LogLine[] => {
    const lines: LogLine[] = []
    const log = { message, timestamp: 'now', logger: 'kafkajs', stack: 'at', error, broker: 'b:1' }
    createKafkaLog(recordingLogger(lines))({ namespace: 'Connection', level, label: '', log })
    return lines
  }

  test('as an error is a warning, without its stack', () => {
    const error = 'connect ECONNREFUSED'

    expect(say(logLevel.ERROR, 'Connection error', error)).toEqual([
      { level: 'warn', message: 'Connection: Connection error', fields: { error, broker: 'b:1' } },
    ])
  })

  test.each([
    [logLevel.ERROR, 'Response Heartbeat', 'The group is rebalancing, so a rejoin is needed'],
    [logLevel.ERROR, 'The coordinator is not aware of this member, re-joining', undefined],
    [logLevel.WARN, 'anything', undefined],
  ])('of the life of a group is not worth a warning', (level, message, error) => {
    expect(say(level, message, error)).toEqual([])
  })
})

describe('a failed commit', () => {
  test.each([
    ['lost', { type: 'UNKNOWN_MEMBER_ID' }],
    ['lost', { type: 'X', cause: { type: 'ILLEGAL_GENERATION' } }],
    ['rebalancing', { type: 'REBALANCE_IN_PROGRESS' }],
    ['passing', { type: 'NOT_COORDINATOR_FOR_GROUP' }],
    ['passing', 'a text'],
  ])('is %s', (kind, error) => {
    expect(classifyCommitFailure(error)).toBe(kind)
  })

  test('whose causes go round in circles is classed all the same', () => {
    const error: { cause?: unknown } = {}
    error.cause = error

    expect(classifyCommitFailure(error)).toBe('passing')
  })

  test('that may pass is tried again, with what is pending then', async () => {
    const clock = createVirtualClock()
    const tries: string[] = []
    let offset = '5'
    const queue = new CommitQueue({
      clock,
      logger: silentLogger,
      everyMs: 100,
      pending: () => [{ topic: 't', partition: 0, offset }],
      commit: async ([commit]) => {
        tries.push(commit?.offset ?? '')
        if (tries.length === 1) throw new Error('connection closed')
      },
      onCommitted: () => undefined,
      onLost: () => tries.push('lost'),
    })
    queue.request()
    queue.request()
    await clock.advance(100)
    offset = '9'
    await clock.advance(10_000)

    expect(tries).toEqual(['5', '9'])
  })
})

describe('an error of a cluster', () => {
  test('says which cluster, unless it is one that callers know', () => {
    const known = new FermataError('topic-not-found', 'no')

    expect(toFermataError('main', known)).toBe(known)
    expect(toFermataError('main', new Error('refused'))).toMatchObject({
      code: 'kafka-unreachable',
      message: 'Cluster "main" does not answer: refused',
    })
    expect(toFermataError('main', 'odd').message).toContain('odd')
  })
})

describe('the options', () => {
  test('leave a rebalance far less time to settle than a session lasts', () => {
    const { settleMs, sessionTimeoutMs, heartbeatMs } = resolveKafkaOptions({})
    const short = resolveKafkaOptions({ sessionTimeoutMs: 2_000 })

    expect(2 * settleMs).toBeLessThanOrEqual(sessionTimeoutMs / 2)
    expect(heartbeatMs).toBeLessThanOrEqual(sessionTimeoutMs / 3)
    expect([short.settleMs, short.heartbeatMs]).toEqual([500, 500])
  })
})
