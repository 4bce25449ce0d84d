import { describe, expect, test } from 'vitest'
import { ordersSpec, World } from './support/world.ts'

const mailsSpec = { name: 'mails', source: 'kafka://main/mails', sink: 'mail/send' }

describe('subscribing', () => {
  test('starts to consume, and says so', async () => {
    const world = new World()
    const { subscriptions } = await world.started()
    const view = await subscriptions.subscribe(ordersSpec)
    world.produce(1)
    await world.clock.advance(1_000)

    expect(view).toEqual({
      ...ordersSpec,
      options: { startFrom: 'earliest' },
      status: { kind: expect.stringMatching(/^(starting|running)$/) },
    })
    expect(await subscriptions.list()).toMatchObject([
      { ...ordersSpec, status: { kind: 'running' } },
    ])
    expect(world.invocations.inputs).toEqual([1])
  })

  test('twice is subscribing once', async () => {
    const world = new World()
    const { subscriptions } = await world.started()
    await subscriptions.subscribe(ordersSpec)
    await world.clock.settle()

    expect(await subscriptions.subscribe(ordersSpec)).toMatchObject({ status: { kind: 'running' } })
  })

  test.each([
    ['subscription-invalid', { name: '!', source: 'kafka://other/orders', sink: 'x' }],
    ['topic-not-found', { ...ordersSpec, source: 'kafka://main/nothing' }],
    ['handler-not-found', { ...ordersSpec, sink: 'checkout/nothing' }],
  ])('is refused with %s, and leaves nothing behind', async (code, spec) => {
    const world = new World()
    const { subscriptions } = await world.started()

    await expect(subscriptions.subscribe(spec)).rejects.toMatchObject({ code })
    expect(await subscriptions.list()).toEqual([])
  })

  test('to something else under the same name is refused', async () => {
    const world = new World()
    const { subscriptions } = await world.started([ordersSpec])
    const other = { ...ordersSpec, sink: 'mail/send' }

    await expect(subscriptions.subscribe(other)).rejects.toMatchObject({
      code: 'subscription-exists',
    })
  })

  test('through one replica makes the others consume as well', async () => {
    const world = new World()
    const [first, second] = [await world.started(), await world.started()]
    await first.subscriptions.subscribe(ordersSpec)
    await world.clock.advance(3_000)
    await first.subscriptions.stop()
    world.produce(1)
    await world.clock.advance(1_000)

    expect(world.invocations.inputs).toEqual([1])
    expect(await second.subscriptions.list()).toMatchObject([{ status: { kind: 'running' } }])
  })
})

describe('unsubscribing', () => {
  test('ends consuming, on every replica', async () => {
    const world = new World()
    const [first, second] = [await world.started([ordersSpec]), await world.started()]
    await first.subscriptions.unsubscribe('orders')
    await world.clock.advance(3_000)
    world.produce(1)
    await world.clock.advance(3_000)

    expect(world.invocations.inputs).toEqual([])
    expect(await second.subscriptions.list()).toEqual([])
    await expect(second.subscriptions.unsubscribe('orders')).rejects.toMatchObject({
      code: 'subscription-not-found',
    })
  })

  test('from what was never there is refused', async () => {
    const { subscriptions } = await new World().started()

    await expect(subscriptions.unsubscribe('nothing')).rejects.toMatchObject({
      code: 'subscription-not-found',
    })
  })

  test('and subscribing again does not replay the past', async () => {
    const world = new World()
    const { subscriptions } = await world.started([ordersSpec])
    world.produce(1)
    await world.clock.advance(1_000)
    await subscriptions.unsubscribe('orders')
    world.produce(2)
    await subscriptions.subscribe(ordersSpec)
    await world.clock.advance(1_000)

    expect(world.invocations.inputs).toEqual([1, 2])
    expect(world.invocations.duplicates).toEqual([])
  })
})

describe('a topic that was made anew (trace 12)', () => {
  async function recreated() {
    const world = new World()
    const replica = await world.started([ordersSpec, mailsSpec])
    const other = await world.started()
    for (const n of [1, 2]) world.produce(n)
    await world.clock.advance(1_000)
    world.log.deleteTopic('orders')
    world.log.createTopic('orders', 2)
    for (const n of [3, 4]) world.produce(n)
    await world.clock.advance(20_000)
    return { world, replica, other }
  }

  test('stops its subscription loudly on every replica, and no other', async () => {
    const { world, other } = await recreated()
    world.produce('mail', 'mails')
    await world.clock.advance(20_000)

    expect(await other.subscriptions.list()).toMatchObject([
      { name: 'mails', status: { kind: 'running' } },
      { name: 'orders', status: { kind: 'stopped', failure: { code: 'topic-recreated' } } },
    ])
    expect(world.lines).toContainEqual(
      expect.objectContaining({ level: 'error', message: 'The subscription stopped' }),
    )
    expect(world.invocations.inputs).toEqual([1, 2, 'mail'])
  })

  test('is consumed as new records once somebody subscribes again', async () => {
    const { world, replica } = await recreated()
    await replica.subscriptions.subscribe(ordersSpec)
    await world.clock.advance(5_000)

    expect(world.invocations.inputs).toEqual([1, 2, 3, 4])
    expect(await replica.subscriptions.list()).toMatchObject([
      { status: { kind: 'running' } },
      { status: { kind: 'running' } },
    ])
  })
})

describe('positions that a topic no longer has', () => {
  test('stop the subscription, and a restart does not begin again', async () => {
    const world = new World()
    const first = await world.started([ordersSpec])
    world.produce(1)
    await world.clock.advance(1_000)
    await first.subscriptions.stop()
    for (const n of [2, 3, 4]) world.produce(n)
    world.log.deleteBefore('orders', 0, 3n)
    const second = await world.started([ordersSpec])
    await world.clock.advance(30_000)

    const stopped = { kind: 'stopped', failure: { code: 'offset-out-of-range' } }
    expect(await second.subscriptions.list()).toMatchObject([{ status: stopped }])
    expect(
      world.lines.filter(({ message }) => message === 'The subscription stopped'),
    ).toHaveLength(1)
    expect(world.invocations.inputs).toEqual([1])
    expect(world.committed()).toBe(1n)
  })
})

describe('configured subscriptions', () => {
  test('that cannot start are tried again until they can, and keep no other from running', async () => {
    const world = new World()
    const later = { ...ordersSpec, name: 'later', source: 'kafka://main/later' }
    const { subscriptions } = await world.started([later, ordersSpec])
    expect(await subscriptions.list()).toMatchObject([
      { name: 'later', status: { kind: 'stopped', failure: { code: 'topic-not-found' } } },
      { name: 'orders', status: { kind: 'running' } },
    ])
    world.log.createTopic('later', 1)
    world.produce('late', 'later')
    await world.clock.advance(12_000)

    expect(await subscriptions.list()).toMatchObject([
      { status: { kind: 'running' } },
      { status: { kind: 'running' } },
    ])
    expect(world.invocations.inputs).toEqual(['late'])
  })

  test('for a handler that is deployed later start then', async () => {
    const world = new World()
    world.handlers.delete('checkout/process')
    const { subscriptions } = await world.started([ordersSpec])
    expect(await subscriptions.list()).toMatchObject([
      { status: { kind: 'stopped', failure: { code: 'handler-not-found' } } },
    ])
    world.handlers.add('checkout/process')
    await world.clock.advance(12_000)

    expect(await subscriptions.list()).toMatchObject([{ status: { kind: 'running' } }])
  })

  test('that are wrong, or taken by an administrator, are reported, and the others run', async () => {
    const world = new World()
    const first = await world.started()
    await first.subscriptions.subscribe(ordersSpec)
    const wrong = { ...mailsSpec, name: 'wrong', source: 'kafka://other/mails' }
    const taken = { ...ordersSpec, sink: 'mail/send' }
    const { subscriptions } = await world.started([wrong, taken, mailsSpec])

    expect(world.lines.map(({ fields }) => fields)).toMatchObject([
      { subscription: 'wrong', failure: { code: 'subscription-invalid' } },
      { subscription: 'orders', failure: { code: 'subscription-exists' } },
    ])
    expect(await subscriptions.list()).toMatchObject([
      { ...mailsSpec, status: { kind: 'running' } },
      { ...ordersSpec, status: { kind: 'running' } },
    ])
  })

  test('follow a changed configuration', async () => {
    const world = new World()
    const first = await world.started([ordersSpec])
    await first.subscriptions.stop()
    const { subscriptions } = await world.started([{ ...ordersSpec, sink: 'mail/send' }])

    expect(await subscriptions.list()).toMatchObject([{ sink: 'mail/send' }])
  })

  test('are made later when the table is away at the start', async () => {
    const world = new World()
    world.registry.away = true
    const { subscriptions } = await world.started([ordersSpec])
    await world.clock.advance(3_000)
    world.registry.away = false
    await world.clock.advance(3_000)

    expect(await subscriptions.list()).toMatchObject([{ status: { kind: 'running' } }])
  })
})

describe('a stop', () => {
  test('commits what is accepted and leaves the rest to the others', async () => {
    const world = new World()
    const first = await world.started([ordersSpec])
    world.produce(1)
    await world.clock.settle()
    await first.subscriptions.stop()
    expect(world.committed()).toBe(1n)
    await world.started()
    world.produce(2)
    await world.clock.advance(1_000)

    expect(world.invocations.inputs).toEqual([1, 2])
    expect(world.invocations.duplicates).toEqual([])
  })

  test('ends the polling of the registry', async () => {
    const world = new World()
    const { subscriptions } = await world.started()
    await subscriptions.stop()
    world.registry.away = true
    await world.clock.advance(10_000)

    expect(world.lines).toEqual([])
  })
})
