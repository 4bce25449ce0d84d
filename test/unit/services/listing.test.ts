/** Which invocations there are. */
import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { InvocationQuery, InvocationView } from '@fermata/orchestrator/ports'
import { describe, expect, it } from 'vitest'
import { comes, forgotten, waitsForOp0 } from '../engine/scenes.ts'
import { completed, createWorld, type Replica, type Script, type World } from '../engine/world.ts'
import { arnOf, done, manifestOf, objectOf, serving, start } from './serving.ts'

const waits: Script = () => ({ entries: [{ kind: 'awakeable', op: 0 }], status: waitsForOp0 })

function shop(): World {
  const world = createWorld()
  const script: Script = (request, writer) =>
    request.target.handler === 'buy' ? waits(request, writer) : { status: completed('sold') }
  world.functions.set(arnOf('shop', 1), serving(manifestOf('shop', { buy: {}, sell: {} }), script))
  world.functions.set(arnOf('bank', 1), serving(manifestOf('bank', { buy: {} }), waits))
  return world
}

/** All pages. */
async function list(
  world: World,
  { engine }: Replica,
  query: Partial<InvocationQuery> = {},
): Promise<{ ids: InvocationId[]; views: InvocationView[]; pages: number }> {
  const views: InvocationView[] = []
  let pages = 0
  for (let after: string | undefined; ; ) {
    const page = await done(
      world,
      engine.admin.invocations({ limit: 100, ...query, ...(after !== undefined && { after }) }),
    )
    views.push(...page.invocations)
    pages += 1
    if (page.next === undefined) break
    after = page.next
  }
  const ids = [...new Set(views.map(({ id }) => id))].toSorted()
  return { ids, views, pages }
}

async function started(world: World, replica: Replica, name: string, count: number) {
  const ids = await Promise.all(Array.from({ length: count }, () => start(world, replica, name)))
  const end = name === 'shop/sell' ? 'output' : 'suspended'
  for (const id of ids) await comes(world, id, end)
  return ids.toSorted()
}

describe('the list of invocations', () => {
  it('has what is open on all replicas, and what was a moment ago', async () => {
    const world = shop()
    const replicas = [await world.start(), await world.start()] as const
    await world.clock.advance(2_000)
    const open = await started(world, replicas[0], 'shop/buy', 5)
    const closed = await started(world, replicas[1], 'shop/sell', 3)
    for (const replica of replicas) {
      const { ids, views } = await list(world, replica)
      expect(ids).toEqual([...open, ...closed].toSorted())
      expect(views.find(({ id }) => id === open[0])).toMatchObject({ status: 'suspended', ops: 1 })
      expect(views.find(({ id }) => id === closed[0])).toMatchObject({ status: 'completed' })
    }
  })

  it('has what has been open for days, and no longer what was closed then, unless it is asked for', async () => {
    const world = shop()
    const first = await world.start()
    const open = await started(world, first, 'shop/buy', 2)
    const closed = await started(world, first, 'shop/sell', 2)
    const since = world.clock.now() - 60_000
    first.kill()
    await world.clock.advance(2 * 86_400_000)
    const replica = await world.start()
    await forgotten(world)
    expect((await list(world, replica)).ids).toEqual(open)
    expect((await list(world, replica, { since })).ids).toEqual([...open, ...closed].toSorted())
    expect((await list(world, replica, { since: world.clock.now() })).ids).toEqual([])
  })

  it('has what is asked for', async () => {
    const world = shop()
    const replica = await world.start()
    const bought = await started(world, replica, 'shop/buy', 2)
    const banked = await started(world, replica, 'bank/buy', 2)
    const sold = await started(world, replica, 'shop/sell', 2)
    const of = async (query: Partial<InvocationQuery>) => (await list(world, replica, query)).ids
    expect(await of({ service: 'bank' })).toEqual(banked)
    expect(await of({ handler: 'buy' })).toEqual([...bought, ...banked].toSorted())
    expect(await of({ service: 'shop', handler: 'sell' })).toEqual(sold)
    expect(await of({ status: 'completed' })).toEqual(sold)
    expect(await of({ service: 'shop', status: 'suspended' })).toEqual(bought)
    expect(await of({ key: 'k' })).toEqual([])
  })

  it('has what waits for a key, in line, beside what holds it', async () => {
    const world = createWorld()
    const cart = objectOf(manifestOf('cart', { add: {} }))
    world.functions.set(arnOf('cart', 1), serving(cart, waits))
    const replica = await world.start()
    const holder = await start(world, replica, 'cart/add', { key: 'ada' })
    await comes(world, holder, 'suspended')
    const waiting: InvocationId[] = []
    for (let n = 0; n < 5; n++) {
      waiting.push(await start(world, replica, 'cart/add', { key: 'ada' }))
    }
    const bob = await start(world, replica, 'cart/add', { key: 'bob' })
    await comes(world, bob, 'suspended')
    for (const limit of [2, 100]) {
      const { ids, views } = await list(world, replica, { key: 'ada', limit })
      expect(ids).toEqual([holder, ...waiting].toSorted())
      const statusOf = (id: InvocationId) => views.find((view) => view.id === id)?.status
      expect([statusOf(holder), statusOf(waiting[4] as InvocationId)]).toEqual([
        'suspended',
        'queued',
      ])
    }
    expect((await list(world, replica, { service: 'cart', status: 'suspended' })).ids).toEqual(
      [holder, bob].toSorted(),
    )
  })

  it('comes in pages that hold no more than they should and miss nothing', async () => {
    const world = shop()
    const replica = await world.start()
    const open = await started(world, replica, 'shop/buy', 25)
    const { ids, views, pages } = await list(world, replica, { limit: 4 })
    expect(ids).toEqual(open)
    expect(views.length).toBeLessThanOrEqual(4 * pages)
    expect(pages).toBeGreaterThanOrEqual(7)
  })

  it('does not read all there is for one request', async () => {
    const world = shop()
    const replica = await world.start()
    await started(world, replica, 'shop/buy', 450)
    let reads = 0
    const load = world.stores.journals.load.bind(world.stores.journals)
    world.stores.journals.load = (id) => {
      reads += 1
      return load(id)
    }
    const page = await done(
      world,
      replica.engine.admin.invocations({ limit: 1_000, status: 'paused' }),
    )
    expect(page.invocations).toEqual([])
    expect(page.next).toBeDefined()
    expect(reads).toBeLessThan(450)
  })

  it('refuses a place that it never told', async () => {
    const world = shop()
    const { engine } = await world.start()
    const made = ({ skip, index }: { skip: number; index: number }) => {
      const cursor = { at: 0, from: { shard: 0, key: '0', index }, skip }
      return Buffer.from(JSON.stringify(cursor)).toString('base64url')
    }
    const hostile = [made({ skip: -1, index: 0 }), made({ skip: 0, index: -1 })]
    for (const after of ['x', '', Buffer.from('{}').toString('base64url'), ...hostile]) {
      await expect(engine.admin.invocations({ limit: 1, after })).rejects.toMatchObject({
        code: 'bad-request',
      })
    }
  })
})
