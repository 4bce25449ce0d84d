import { deriveInvocationId, type InvocationId } from '@fermata/lambda-runtime/protocol'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { type CommitWatch, watchCommits } from '../history/commit-watch.ts'
import type { Happening } from '../history/events.ts'
import { startDynamoDbLocal } from '../support/real-parts/dynamodb-local.ts'
import { startKafka } from '../support/real-parts/kafka.ts'
import { requirePart } from '../support/real-parts/require-part.ts'
import type { OrchestratorUnderTest } from './support/orchestrator-under-test.ts'
import { type OutsideWorld, openOutsideWorld } from './support/outside-world.ts'
import { createSystem, eventually, type System, subscribe } from './support/system.ts'
import { topicsOf } from './support/topics.ts'

const partitions = 8

requirePart('kafka')('records of a topic', () => {
  let kafka: Awaited<ReturnType<typeof startKafka>>
  let database: Awaited<ReturnType<typeof startDynamoDbLocal>>
  let world: OutsideWorld
  let system: System

  beforeAll(async () => {
    ;[kafka, database] = await Promise.all([startKafka({}), startDynamoDbLocal()])
  })
  afterAll(async () => {
    await kafka?.stop()
    await database?.stop()
  })
  beforeEach(async () => {
    world = await openOutsideWorld()
  })
  afterEach(async () => {
    await system.close()
    await world.close()
  })

  /** Recording costs the table a quarter of its speed. */
  async function begin(isRecorded: boolean): Promise<void> {
    system = await createSystem({
      dynamodb: database.endpoint,
      config: {
        kafka: { main: { brokers: kafka.brokers } },
        limits: { running: 200, perFunction: 200 },
      },
      isRecorded,
    })
  }

  function deployLedger(): string {
    return system.deploy('ledger', {
      concurrentPerProcess: 64,
      concurrency: 128,
      environment: { WORLD_URL: world.url },
    })
  }

  function produce(topic: string, count: number, from = 0): Promise<void> {
    const records = Array.from({ length: count }, (_, index) => ({
      key: `customer ${(from + index) % 97}`,
      value: JSON.stringify({ order: `order ${from + index}` }),
    }))
    return topicsOf(kafka.brokers).produce(topic, records)
  }

  const committed = (topic: string) =>
    topicsOf(kafka.brokers).committed(`fermata.${topic}`, topic, partitions)

  /** Positions right below the commits whose record has no invocation: the commit ran ahead (INV-8). */
  async function ahead(orchestrator: OrchestratorUnderTest, topic: string): Promise<string[]> {
    const offsets = await committed(topic)
    const positions = offsets.flatMap((end, partition) =>
      [1, 2, 3, 4, 5]
        .map((back) => ({ partition, offset: end - back }))
        .filter(({ offset }) => offset >= 0),
    )
    const missing = await Promise.all(
      positions.map(async ({ partition, offset }) => {
        const parts = ['kafka', topic, '0', topic, String(partition), String(offset)]
        const { status } = await orchestrator.get(
          `invocations/${deriveInvocationId('ledger', parts)}`,
        )
        return status === 200 ? [] : [`${partition}/${offset}`]
      }),
    )
    return missing.flat()
  }

  /** Orders whose side effects are not exactly one key. */
  function wrong(kind: string, count: number): string[] {
    const effects = world.effects(kind)
    return Array.from({ length: count }, (_, index) => `order ${index}`).filter(
      (order) => effects.get(order)?.size !== 1,
    )
  }

  function watch(topic: string): Promise<CommitWatch> {
    const { recorder } = system
    if (recorder === undefined) throw new Error('nothing is recorded')
    return watchCommits(recorder, { brokers: kafka.brokers, subscription: topic, topic })
  }

  /** Nothing was committed before it was accepted, and each record has come to its end, once (INV-8, INV-9). */
  async function expectSound(commits: CommitWatch): Promise<void> {
    system.recorder?.add('outside', [...effectsOf('charge'), ...effectsOf('ship')])
    await commits.noteEnds()
    await system.expectSound()
    await commits.stop()
  }

  function effectsOf(name: string): readonly Happening[] {
    return [...world.effects(name)].flatMap(([order, keys]) =>
      [...keys].map((key): Happening => {
        const invocation = key.slice(0, key.indexOf('/')) as InvocationId
        return { what: 'effect', key, body: order, step: { invocation, name } }
      }),
    )
  }

  it('run once each, over two replicas with a rebalance in mid-stream', async () => {
    await begin(true)
    await kafka.createTopics([{ topic: 'rebalanced', partitions }])
    const first = await system.start()
    await first.post('deployments', { arn: deployLedger() })
    const spec = {
      name: 'rebalanced',
      source: 'kafka://main/rebalanced',
      sink: 'ledger/ship',
      options: { startFrom: 'earliest' },
    }
    await subscribe(first, spec)
    const commits = await watch('rebalanced')
    await produce('rebalanced', 400)
    await eventually('some are charged', () => world.effects('charge').size > 50 || undefined)
    await system.start()
    await produce('rebalanced', 400, 400)
    await eventually(
      'all are shipped',
      () => world.effects('ship').size === 800 || undefined,
      120_000,
    )
    expect(wrong('charge', 800)).toEqual([])
    expect(wrong('ship', 800)).toEqual([])
    await expectSound(commits)
  })

  it('survive both replicas being killed in turn: 10,000 records, each side effect once', {
    timeout: 600_000,
  }, async () => {
    await begin(false)
    await kafka.createTopics([{ topic: 'orders', partitions }])
    await produce('orders', 10_000)
    const first = await system.start()
    const second = await system.start()
    await first.post('deployments', { arn: deployLedger() })
    const spec = {
      name: 'orders',
      source: 'kafka://main/orders',
      sink: 'ledger/charge',
      options: { startFrom: 'earliest' },
    }
    await subscribe(first, spec)
    await eventually(
      'a quarter is charged',
      () => world.effects('charge').size > 2_500 || undefined,
      240_000,
    )
    await first.kill()
    expect(await ahead(second, 'orders')).toEqual([])
    const third = await system.start()
    await eventually(
      'more is charged',
      () => world.effects('charge').size > 6_000 || undefined,
      240_000,
    )
    await second.kill()
    expect(await ahead(third, 'orders')).toEqual([])
    await eventually(
      'all are charged',
      () => world.effects('charge').size === 10_000 || undefined,
      240_000,
    )
    expect(wrong('charge', 10_000)).toEqual([])
    await eventually('all are committed', async () => {
      const offsets = await committed('orders')
      return offsets.reduce((sum, offset) => sum + offset, 0) === 10_000 || undefined
    })
  })
})
