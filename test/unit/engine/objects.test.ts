import { describe, expect, it } from 'vitest'
import {
  append,
  ask,
  asked,
  call,
  gated,
  keyA,
  list,
  objectWorld,
  resultOf,
  set,
} from './object-scenes.ts'
import { comes, during, flat, waitsForOp0, yes } from './scenes.ts'
import { completed, type Script, until } from './world.ts'

const cart = { add: ['exclusive', append], list: ['shared', list] } as const

describe('an object', () => {
  it('keeps what its handlers set', async () => {
    const world = objectWorld({ cart })
    const replica = await world.start()
    expect(await call(world, replica, { handler: 'add', input: 'tea' })).toBe(1)
    expect(await call(world, replica, { handler: 'add', input: 'milk' })).toBe(2)
    expect(await call(world, replica, { handler: 'list' })).toEqual(['tea', 'milk'])
    expect(await call(world, replica, { handler: 'list', key: 'b' })).toEqual([])
    expect(await world.stores.objects.head(keyA)).toMatchObject({ done: 2, version: 2 })
  })

  it('runs one exclusive handler at a time for a key, in the order in which they were accepted', async () => {
    let running = 0
    let most = 0
    const slow: Script = async (request, writer) => {
      most = Math.max(most, ++running)
      await world.clock.sleep(50)
      running -= 1
      return append(request, writer)
    }
    const world = objectWorld({ cart: { ...cart, add: ['exclusive', slow] } })
    const replicas = [await world.start(), await world.start()] as const
    const ids = []
    for (let n = 0; n < 20; n++) {
      ids.push(await asked(world, replicas[n % 2] ?? replicas[0], { handler: 'add', input: n }))
    }
    const results = await Promise.all(ids.map((id) => resultOf(world, replicas[0], id)))
    expect(results).toEqual(Array.from({ length: 20 }, (_, n) => n + 1))
    expect(most).toBe(1)
    const expected = Array.from({ length: 20 }, (_, n) => String(n))
    expect(await call(world, replicas[1], { handler: 'list' })).toEqual(expected)
  })

  it('does not let keys wait for each other', async () => {
    const world = objectWorld({ cart: { ...cart, gated: ['exclusive', gated] } })
    const replica = await world.start({
      options: { limits: { running: 1, perFunction: 1, queued: 10 } },
    })
    const waiting = await asked(world, replica, { handler: 'gated', key: 'slow' })
    await comes(world, waiting, 'suspended')
    const behind = await asked(world, replica, { handler: 'add', key: 'slow', input: 'b' })
    expect(await call(world, replica, { handler: 'add', key: 'quick' })).toBe(1)
    await during(world, replica.engine.ingress.completeAwakeable(`${waiting}.0`, yes))
    expect(await resultOf(world, replica, behind)).toBe(2)
  })

  it('takes in with one write, and needs four for a keyed event', async () => {
    const world = objectWorld({ cart })
    const replica = await world.start()
    const id = await asked(world, replica, { handler: 'add' })
    await until(world.clock, async () => (await world.stores.objects.head(keyA)) !== undefined)
    const journal = await world.journal(id)
    expect(journal.map(({ entries }) => entries.map(({ kind }) => kind))).toEqual([
      ['created', 'attempt'],
      ['state-set', 'output'],
    ])
    expect((await world.stores.objects.head(keyA))?.writes).toBe(1)
    expect(await world.stores.objects.slots(keyA, 1, 10)).toHaveLength(1)
  })

  it('goes on without the changes of a function that sets more names than there is room for', async () => {
    const rogue: Script = () => ({
      entries: [set(0, 'list', ['x']), set(1, '\ud800', 1), set(2, 'y'.repeat(2_000), 1)],
      status: completed('done'),
    })
    const world = objectWorld({ cart: { ...cart, rogue: ['exclusive', rogue] } })
    const replica = await world.start()
    expect(await call(world, replica, { handler: 'add', input: 'tea' })).toBe(1)
    expect(await call(world, replica, { handler: 'rogue' })).toBe('done')
    expect(await call(world, replica, { handler: 'add', input: 'milk' })).toBe(2)
    expect(await call(world, replica, { handler: 'list' })).toEqual(['tea', 'milk'])
    expect(world.warnings).toContainEqual(
      expect.objectContaining({
        fields: { code: 'state-names-too-large', ...keyA, slot: 2 },
      }),
    )
  })

  it('answers an invocation that waits its turn as queued', async () => {
    const world = objectWorld({ cart: { ...cart, gated: ['exclusive', gated] } })
    const replica = await world.start()
    const first = await asked(world, replica, { handler: 'gated' })
    const second = await asked(world, replica, { handler: 'add' })
    await comes(world, first, 'suspended')
    expect(await world.journal(second)).toEqual([])
    const view = await during(world, replica.engine.admin.invocation(second))
    expect(view).toMatchObject({ status: 'queued', attempts: 0, target: { key: 'a' } })
    expect(await replica.engine.ingress.output(second)).toBeUndefined()
  })

  it('finds an idempotency key again while its invocation waits its turn, and after', async () => {
    const world = objectWorld({ cart: { ...cart, gated: ['exclusive', gated] } })
    const replica = await world.start()
    const first = await asked(world, replica, { handler: 'gated' })
    const again = { handler: 'add', idempotencyKey: 'k' }
    const second = await asked(world, replica, again)
    for (let n = 0; n < 30; n++) await asked(world, replica, { handler: 'add' })
    expect(await ask(world, replica, again)).toBe(second)
    await during(world, replica.engine.ingress.completeAwakeable(`${first}.0`, yes))
    expect(await resultOf(world, replica, second)).toBe(2)
    expect(await ask(world, replica, again)).toBe(second)
    await world.clock.advance(1_000)
    expect(await call(world, replica, { handler: 'list' })).toHaveLength(32)
  })

  it('lets a handler that is to start later wait without holding up its key', async () => {
    const world = objectWorld({ cart })
    const replica = await world.start()
    const late = await asked(world, replica, { handler: 'add', input: 'late', delayMs: 60_000 })
    expect(await call(world, replica, { handler: 'add', input: 'early' })).toBe(1)
    expect(await resultOf(world, replica, late, 90_000)).toBe(2)
    expect((await flat(world, late)).map(({ kind }) => kind)).toEqual([
      'created',
      'created',
      'attempt',
      'state-set',
      'output',
    ])
  })

  it('is called by handlers, who wait for their turn', async () => {
    const target = { service: 'cart', key: 'a', handler: 'add' }
    const world = objectWorld(
      { cart },
      {
        orders: ({ epoch }) =>
          epoch === 1
            ? {
                entries: [
                  { kind: 'call', op: 0, target, input: { json: 'called' } },
                  { kind: 'send', op: 1, target, input: { json: 'sent' } },
                ],
                status: waitsForOp0,
              }
            : { status: completed('ordered') },
      },
    )
    const replica = await world.start()
    const order = { target: { service: 'orders', handler: 'process' }, input: { json: 1 } }
    const rest = { headers: {}, idempotencyKey: undefined, delayMs: undefined }
    await during(world, replica.engine.ingress.submit({ ...order, ...rest }))
    await world.clock.advance(2_000)
    expect(await call(world, replica, { handler: 'list' })).toEqual(['called', 'sent'])
  })
})
