import { deriveInvocationId } from '@fermata/lambda-runtime/protocol'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startDynamoDbLocal } from '../support/real-parts/dynamodb-local.ts'
import { startKafka } from '../support/real-parts/kafka.ts'
import { requirePart } from '../support/real-parts/require-part.ts'
import { type OutsideWorld, openOutsideWorld } from './support/outside-world.ts'
import { createSystem, eventually, type System, subscribe } from './support/system.ts'
import { type Topics, topicsOf } from './support/topics.ts'

const order = (name: string) => ({ value: JSON.stringify({ order: name }) })

requirePart('kafka')('records that are not as they should be', () => {
  let kafka: Awaited<ReturnType<typeof startKafka>>
  let database: Awaited<ReturnType<typeof startDynamoDbLocal>>
  let world: OutsideWorld
  let system: System
  let topics: Topics

  beforeAll(async () => {
    ;[kafka, database] = await Promise.all([startKafka({}), startDynamoDbLocal()])
    world = await openOutsideWorld()
    topics = topicsOf(kafka.brokers)
    system = await createSystem({
      dynamodb: database.endpoint,
      config: { kafka: { main: { brokers: kafka.brokers } } },
    })
    system.deploy('ledger', { environment: { WORLD_URL: world.url } })
  })
  afterAll(async () => {
    await system?.close()
    await world?.close()
    await kafka?.stop()
    await database?.stop()
  })

  const charged = (...orders: readonly string[]) =>
    orders.every((one) => world.effects('charge').has(one)) || undefined

  const deployments = [
    { arn: 'arn:aws:lambda:eu-west-1:000000000000:function:ledger:1' },
    { arn: 'arn:aws:lambda:eu-west-1:000000000000:function:nobody:1' },
  ]
  const subscriptionTo = (topic: string, sink = 'ledger/charge') => ({
    name: topic,
    source: `kafka://main/${topic}`,
    sink,
    options: { startFrom: 'earliest' },
  })

  it('are kept as dead, with their position, and stop nobody', async () => {
    await kafka.createTopics([{ topic: 'mixed', partitions: 1 }])
    await topics.produce('mixed', [
      order('before'),
      { value: 'no JSON' },
      { value: Buffer.from([0xff, 0xfe]) },
      order('after'),
    ])
    const orchestrator = await system.start({ config: { deployments } })
    await subscribe(orchestrator, subscriptionTo('mixed'))
    await eventually('both good ones run', () => charged('before', 'after'))
    await eventually(
      'all are committed',
      async () => (await topics.committed('fermata.mixed', 'mixed', 1))[0] === 4 || undefined,
    )
    const { body } = await orchestrator.get('dead?subscription=mixed')
    expect(body).toMatchObject({
      dead: [
        { topic: 'mixed', partition: 0, offset: '1', failure: { code: 'record-undecodable' } },
        { topic: 'mixed', partition: 0, offset: '2', failure: { code: 'record-undecodable' } },
      ],
    })
    await orchestrator.stop()
  })

  it('come as they are to a handler that takes bytes', async () => {
    await kafka.createTopics([{ topic: 'scans', partitions: 1 }])
    const scans = ['00ff10fe80', Buffer.from('{"n":1}').toString('hex'), '']
    await topics.produce(
      'scans',
      scans.map((hex) => ({ value: Buffer.from(hex, 'hex') })),
    )
    const orchestrator = await system.start({ config: { deployments } })
    await subscribe(orchestrator, subscriptionTo('scans', 'ledger/scan'))
    await eventually(
      'all are scanned',
      () => scans.every((hex) => world.effects('scan').get(hex)?.size === 1) || undefined,
    )
    expect((await orchestrator.get('dead?subscription=scans')).body).toMatchObject({ dead: [] })
    await orchestrator.stop()
  })

  it('a subscription to a topic or handler that does not exist is refused, with a code', async () => {
    await kafka.createTopics([{ topic: 'known', partitions: 1 }])
    const orchestrator = await system.start({ config: { deployments } })
    const missing = await orchestrator.post('subscriptions', subscriptionTo('unknown'))
    expect(missing).toMatchObject({ status: 404, body: { code: 'topic-not-found' } })
    const unserved = await orchestrator.post(
      'subscriptions',
      subscriptionTo('known', 'ledger/nothing'),
    )
    expect(unserved).toMatchObject({ status: 404, body: { code: 'handler-not-found' } })
    const elsewhere = { ...subscriptionTo('known'), source: 'kafka://other/known' }
    const foreign = await orchestrator.post('subscriptions', elsewhere)
    expect(foreign).toMatchObject({ status: 422, body: { code: 'subscription-invalid' } })
    await orchestrator.stop()
  })

  it('a record that was accepted and not committed is not run again', async () => {
    await kafka.createTopics([{ topic: 'twice', partitions: 1 }])
    await topics.produce('twice', [order('one'), order('two'), order('three')])
    const faults = [
      { point: 'accept.before-commit', subject: 'twice/0/1', action: 'kill' },
    ] as const
    const first = await system.start({ config: { deployments }, faults })
    await subscribe(first, subscriptionTo('twice'))
    await first.died()
    const [committed] = await topics.committed('fermata.twice', 'twice', 1)
    expect(committed).toBeLessThan(2)
    const second = await system.start({ config: { deployments } })
    await eventually('all are charged', () => charged('one', 'two', 'three'))
    await eventually(
      'all are committed',
      async () => (await topics.committed('fermata.twice', 'twice', 1))[0] === 3 || undefined,
    )
    for (const name of ['one', 'two', 'three']) {
      expect(world.effects('charge').get(name)?.size).toBe(1)
    }
    const id = deriveInvocationId('ledger', ['kafka', 'twice', '0', 'twice', '0', '1'])
    await eventually(
      'it is closed',
      async () => (await second.invocation(id)).status === 'completed' || undefined,
    )
    const created = (await second.journal(id)).flatMap(({ entries }) => entries)
    expect(created.filter(({ kind }) => kind === 'created')).toHaveLength(1)
    await second.stop()
  })
})
