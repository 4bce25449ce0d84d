import { afterAll, beforeAll, expect, it } from 'vitest'
import { watchCommits } from '../history/commit-watch.ts'
import { startDynamoDbLocal } from '../support/real-parts/dynamodb-local.ts'
import { startKafka } from '../support/real-parts/kafka.ts'
import { requirePart } from '../support/real-parts/require-part.ts'
import { createSystem, eventually, type System, subscribe } from './support/system.ts'
import { topicsOf } from './support/topics.ts'

const partitions = 4
const keys = Array.from({ length: 12 }, (_, n) => `customer ${n}`)
const perKey = 20

/** Short times, few shards: what is tested is what happens, not when. */
const agenda = { shards: 8, leaseMs: 1_500, heartbeatMs: 300, marginMs: 300 }

requirePart('kafka')('records for objects', () => {
  let kafka: Awaited<ReturnType<typeof startKafka>>
  let database: Awaited<ReturnType<typeof startDynamoDbLocal>>
  let system: System

  beforeAll(async () => {
    ;[kafka, database] = await Promise.all([startKafka({}), startDynamoDbLocal()])
    system = await createSystem({
      dynamodb: database.endpoint,
      config: { agenda, kafka: { main: { brokers: kafka.brokers } } },
      isRecorded: true,
    })
  })

  afterAll(async () => {
    await system?.close()
    await kafka?.stop()
    await database?.stop()
  })

  it('run in the order of their key, once each, though a replica is killed in mid-stream', async () => {
    await kafka.createTopics([{ topic: 'carts', partitions }])
    const survivor = await system.start()
    const arn = system.deploy('carts', { concurrentPerProcess: 16, concurrency: 64 })
    await survivor.post('deployments', { arn })
    const victim = await system.start()
    const sink = { name: 'carts', source: 'kafka://main/carts', sink: 'carts/count' }
    const options = { startFrom: 'earliest' }
    await subscribe(survivor, { ...sink, options })
    const watched = { brokers: kafka.brokers, subscription: 'carts', topic: 'carts' }
    const { recorder } = system
    const commits = recorder && (await watchCommits(recorder, watched))
    const records = Array.from({ length: perKey }, (_, n) =>
      keys.map((key) => ({ key, value: JSON.stringify(`${n}`) })),
    ).flat()
    const half = records.length / 2
    const { produce } = topicsOf(kafka.brokers)
    await produce('carts', [{ value: '"without a key"' }, ...records.slice(0, half)])

    const itemsOf = async (key: string) => {
      const { body } = await survivor.get(`objects/carts/${encodeURIComponent(key)}`)
      return (body as { state?: { items?: string[] } }).state?.items ?? []
    }
    await eventually('some have run', async () => (await itemsOf('customer 0')).length >= 3)
    await victim.kill()
    await produce('carts', records.slice(half))
    await eventually(
      'all have run',
      async () => {
        const lists = await Promise.all(keys.map(itemsOf))
        return lists.every((items) => items.length >= perKey)
      },
      90_000,
    )
    const expected = Array.from({ length: perKey }, (_, n) => `${n}`)
    for (const key of keys) expect(await itemsOf(key)).toEqual(expected)
    const { body } = await survivor.get('dead?subscription=carts')
    expect((body as { dead: unknown[] }).dead).toMatchObject([
      { failure: { code: 'record-unroutable' } },
    ])
    await commits?.noteEnds()
    await system.expectSound()
    await commits?.stop()
  })
})
