import { deriveInvocationId } from '@fermata/lambda-runtime/protocol'
import { routeRecord } from '@fermata/orchestrator/domain/subscriptions/route-record'
import { parseSubscription } from '@fermata/orchestrator/domain/subscriptions/subscription'
import { createLines } from '@fermata/orchestrator/engine/subscriptions/lines'
import { describe, expect, test } from 'vitest'
import { aRecord } from './support/records.ts'
import { World } from './support/world.ts'

const spec = { name: 'carts', source: 'kafka://main/orders', sink: 'cart/add' }
const route = { subscription: parseSubscription(spec), generation: 1 }
const receiver = { isKeyed: true }

function worldOfCarts(): World {
  const world = new World()
  world.handlers.add('cart/add')
  return world
}

function produce(world: World, key: string | null, value: unknown, partition = 0): void {
  const text = key === null ? {} : { key: Buffer.from(key) }
  world.log.produce('orders', { partition, value: JSON.stringify(value), ...text })
}

describe('a record for an object', () => {
  test('is for the key that it has', () => {
    const routed = routeRecord(route, aRecord({ key: Buffer.from('Käthe') }), receiver)
    const parts = ['kafka', 'carts', '1', 'orders', '3', '42']
    expect(routed).toMatchObject({
      kind: 'invocation',
      invocation: {
        id: deriveInvocationId({ service: 'cart', key: 'Käthe' }, parts),
        target: { service: 'cart', handler: 'add', key: 'Käthe' },
      },
    })
  })

  test.each([
    ['without a key', null],
    ['with an empty key', Buffer.alloc(0)],
    ['with a key that is not UTF-8', Uint8Array.from([0xff])],
    ['with a key that is too long', Buffer.alloc(513, 'k')],
  ])('%s is dead', (_what, key) => {
    const routed = routeRecord(route, aRecord({ key }), receiver)
    expect(routed).toMatchObject({ kind: 'dead', failure: { code: 'record-unroutable' } })
  })

  test('is accepted after those of its key that stand before it, and does not wait for others', async () => {
    const world = worldOfCarts()
    await world.started([spec])
    let broken = true
    world.invocations.fail(({ input }) =>
      broken && 'json' in input && input.json === 1 ? new Error('the store is away') : undefined,
    )
    produce(world, 'a', 1)
    produce(world, 'a', 2)
    produce(world, 'b', 3)
    produce(world, 'a', 4, 1)
    await world.clock.advance(1_000)
    expect(world.invocations.inputs).toEqual([3, 4])
    broken = false
    await world.clock.advance(5_000)
    expect(world.invocations.inputs).toEqual([3, 4, 1, 2])
    expect(world.committed(0, 'carts')).toBe(3n)
  })

  test('keeps its order while nobody has heard of its handler', async () => {
    const world = worldOfCarts()
    const { handlers } = world.replica([spec])
    expect(handlers.receiver('cart', 'add')).toBeUndefined()
    await world.started([spec])
    for (let n = 0; n < 10; n++) produce(world, 'a', n)
    await world.clock.advance(5_000)
    expect(world.invocations.inputs).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(world.invocations.requests[0]?.target).toEqual({
      service: 'cart',
      handler: 'add',
      key: 'a',
    })
  })

  test('without a key is kept as dead, and the rest goes on', async () => {
    const world = worldOfCarts()
    const { subscriptions } = await world.started([spec])
    produce(world, null, 1)
    produce(world, 'a', 2)
    await world.clock.advance(5_000)
    expect(world.invocations.inputs).toEqual([2])
    const dead = await subscriptions.dead(undefined, '', 10)
    expect(dead).toMatchObject([{ offset: '0', failure: { code: 'record-unroutable' } }])
  })
})

describe('a line', () => {
  test('lets nothing overtake what fails', async () => {
    const lines = createLines()
    const done: number[] = []
    const first = lines.take('a', () => Promise.reject(new Error('no')))
    const second = lines.take('a', async () => void done.push(2))
    const other = lines.take('b', async () => void done.push(3))
    await expect(first).rejects.toThrow('no')
    await expect(second).rejects.toThrow('no')
    await other
    await lines.take('a', async () => void done.push(4))
    expect(done).toEqual([3, 4])
  })
})
