import { ProtocolError } from '@fermata/lambda-runtime/protocol'
import { FermataError } from '@fermata/orchestrator/domain/errors'
import { describe, expect, test } from 'vitest'
import { ordersSpec, World } from './support/world.ts'

describe('a subscription', () => {
  test('makes an invocation of each record, and commits behind it (INV-8)', async () => {
    const world = new World()
    await world.started([{ ...ordersSpec, options: { limits: { running: 5 } } }])
    world.produce({ n: 1 })
    world.produce({ n: 2 })
    await world.clock.advance(1_000)

    expect(world.invocations.requests).toMatchObject([
      {
        target: { service: 'checkout', handler: 'process' },
        input: { json: { n: 1 } },
        origin: { kind: 'kafka', subscription: 'orders', partition: 0, offset: '0' },
        limits: { subscription: 'orders', running: 5 },
      },
      { input: { json: { n: 2 } }, origin: { offset: '1' } },
    ])
    expect(world.committed()).toBe(2n)
  })

  test('reaches its fault point after the record is accepted', async () => {
    const world = new World()
    await world.started([ordersSpec])
    world.produce(1)
    await world.clock.advance(1_000)

    expect(world.reached).toEqual([['orders/0/0', 1]])
  })

  test('makes no second invocation when a record comes again (INV-9)', async () => {
    const world = new World()
    const first = await world.started([ordersSpec])
    world.produce(1)
    await world.clock.settle()
    first.source.disconnect()
    await world.started()
    await world.clock.advance(12_000)

    expect(world.invocations.duplicates).toMatchObject([{ origin: { offset: '0' } }])
    expect(world.invocations.requests).toHaveLength(1)
    expect(world.committed()).toBe(1n)
  })

  test('waits for capacity without committing, while another subscription goes on', async () => {
    const world = new World()
    const mails = { name: 'mails', source: 'kafka://main/mails', sink: 'mail/send' }
    const { subscriptions } = await world.started([ordersSpec, mails])
    world.invocations.fillUp()
    world.produce('order')
    await world.clock.advance(30_000)
    expect(world.invocations.requests).toEqual([])
    expect(world.committed()).toBe(0n)
    expect(await subscriptions.list()).toMatchObject([
      { name: 'mails', status: { kind: 'running' } },
      { name: 'orders', status: { kind: 'running' } },
    ])
    await Promise.all([subscriptions.stop(), world.clock.advance(20_000)])

    expect(world.committed()).toBe(0n)
  })

  test('waits while the store is away, with one warning for many records, and dead-letters nothing', async () => {
    const world = new World()
    const { subscriptions } = await world.started([ordersSpec])
    const away = new FermataError('store-unreachable', 'away')
    world.invocations.fail(() => away)
    for (const n of [1, 2, 3]) world.produce(n)
    await world.clock.advance(3_000)
    expect(world.committed()).toBe(0n)
    expect(world.lines.map(({ message }) => message)).toEqual(['Records are not accepted now'])
    world.invocations.fail(() => undefined)
    await world.clock.advance(11_000)

    expect(world.invocations.inputs.toSorted()).toEqual([1, 2, 3])
    expect(world.committed()).toBe(3n)
    expect(await subscriptions.dead(undefined, '', 10)).toEqual([])
  })

  test('stops at once although the store is away', async () => {
    const world = new World()
    const { subscriptions } = await world.started([ordersSpec])
    world.invocations.fail(() => new FermataError('store-unreachable', 'away'))
    world.produce(1)
    await world.clock.advance(20_000)
    const before = world.clock.now()
    await Promise.all([subscriptions.stop(), world.clock.advance(0)])

    expect(world.clock.now()).toBe(before)
    expect(world.committed()).toBe(0n)
  })
})

describe('a record that cannot become an invocation', () => {
  test('is kept as dead before it is committed, and the next ones go on', async () => {
    const world = new World()
    const { subscriptions } = await world.started([ordersSpec])
    world.log.produce('orders', { key: 'k', value: '{"n":' })
    world.produce(2)
    await world.clock.advance(1_000)

    expect(await subscriptions.dead('orders', '', 10)).toEqual([
      {
        subscription: 'orders',
        topic: 'orders',
        partition: 0,
        offset: '0',
        timestamp: expect.any(Number),
        failure: expect.objectContaining({ code: 'record-undecodable' }),
        key: Buffer.from('k').toString('base64'),
        value: Buffer.from('{"n":').toString('base64'),
      },
    ])
    expect(world.invocations.inputs).toEqual([2])
    expect(world.committed()).toBe(2n)
  })

  test('is not committed while it cannot be kept', async () => {
    const world = new World()
    await world.started([ordersSpec])
    world.registry.away = true
    world.log.produce('orders', { value: 'x' })
    await world.clock.advance(5_000)
    expect(world.committed()).toBe(0n)
    world.registry.away = false
    await world.clock.advance(11_000)

    expect(world.committed()).toBe(1n)
  })

  test('is kept once when it comes again', async () => {
    const world = new World()
    const first = await world.started([ordersSpec])
    world.log.produce('orders', { value: 'x' })
    await world.clock.settle()
    first.source.disconnect()
    const second = await world.started()
    await world.clock.advance(12_000)

    expect(world.committed()).toBe(1n)
    expect(await second.subscriptions.dead('orders', '', 10)).toHaveLength(1)
  })

  test('of a topic that was made anew takes the place of the old one', async () => {
    const world = new World()
    const { subscriptions } = await world.started([ordersSpec])
    world.log.produce('orders', { value: 'old' })
    await world.clock.advance(1_000)
    await subscriptions.unsubscribe('orders')
    world.log.deleteTopic('orders')
    world.log.createTopic('orders', 2)
    world.log.produce('orders', { value: 'new' })
    await subscriptions.subscribe(ordersSpec)
    await world.clock.advance(1_000)

    const dead = await subscriptions.dead('orders', '', 10)
    expect(dead.map(({ value }) => Buffer.from(value ?? '', 'base64').toString())).toEqual(['new'])
  })

  test('for a handler that nobody serves any more is dead; one that another replica registered is found', async () => {
    const world = new World()
    const mails = { name: 'mails', source: 'kafka://main/mails', sink: 'mail/send' }
    const { subscriptions, handlers } = await world.started([ordersSpec, mails])
    world.handlers.delete('checkout/process')
    await handlers.refresh()
    const before = handlers.refreshes
    for (const n of [1, 2, 3]) world.produce(n)
    await world.clock.advance(1_000)
    world.handlers.add('checkout/process')
    world.produce(4)
    await world.clock.advance(1_000)

    const dead = await subscriptions.dead('orders', '', 10)
    expect(dead.map(({ offset, failure }) => [offset, failure.code])).toEqual([
      ['0', 'record-unroutable'],
      ['1', 'record-unroutable'],
      ['2', 'record-unroutable'],
    ])
    expect(world.invocations.inputs).toEqual([4])
    expect(world.committed()).toBe(4n)
    // Three records at once cost at most one look at the registry each.
    expect(handlers.refreshes - before).toBeLessThanOrEqual(4)
  })

  test('because its handler vanished on the way is dead, too', async () => {
    const world = new World()
    const { subscriptions } = await world.started([ordersSpec])
    world.invocations.fail(() => new FermataError('handler-not-found', 'gone'))
    world.produce(1)
    await world.clock.advance(1_000)

    expect(await subscriptions.dead(undefined, '', 10)).toMatchObject([
      { failure: { code: 'record-unroutable' } },
    ])
    expect(world.committed()).toBe(1n)
  })

  test('because no item of the table can hold what it becomes is dead, and the next ones go on', async () => {
    const world = new World()
    const { subscriptions } = await world.started([ordersSpec])
    const tooLarge = new ProtocolError('segment-too-large', 'no item holds that')
    world.invocations.fail(({ origin }) => (origin.offset === '0' ? tooLarge : undefined))
    world.produce('with much in its headers')
    world.produce('plain')
    await world.clock.advance(5_000)

    const dead = await subscriptions.dead(undefined, '', 10)
    expect(dead).toMatchObject([{ offset: '0', failure: { code: 'record-too-large' } }])
    expect(world.invocations.inputs).toEqual(['plain'])
    expect(world.committed()).toBe(2n)
  })

  test('can be listed page by page, of one subscription or of all', async () => {
    const world = new World()
    const mails = { name: 'orders-mails', source: 'kafka://main/mails', sink: 'mail/send' }
    const { subscriptions } = await world.started([ordersSpec, mails])
    for (const _ of [1, 2, 3]) world.log.produce('orders', { value: 'x' })
    world.log.produce('mails', { value: 'x' })
    await world.clock.advance(1_000)
    const page = await subscriptions.dead('orders', '', 2)
    const rest = await subscriptions.dead(
      'orders',
      `orders#orders#${'0'.repeat(10)}#${'1'.padStart(20, '0')}`,
      2,
    )

    expect([...page, ...rest].map(({ offset }) => offset)).toEqual(['0', '1', '2'])
    expect(await subscriptions.dead('orders-mails', '', 10)).toHaveLength(1)
    expect(await subscriptions.dead('nothing', '', 10)).toEqual([])
    expect(await subscriptions.dead(undefined, '', 10)).toHaveLength(4)
  })
})
