/** Versions of a function side by side: what fits, what is in use, and what goes on while one is removed. */
import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { describe, expect, it } from 'vitest'
import { comes, flat, has, waitsForOp0, yes } from '../engine/scenes.ts'
import {
  completed,
  createWorld,
  type Replica,
  type Script,
  until,
  type World,
} from '../engine/world.ts'
import { arnOf, done, manifestOf, objectOf, serving, start } from './serving.ts'

const old = arnOf('shop', 1)
const next = arnOf('shop', 2)

/** Waits for an awakeable, then says which version it is. */
const waitsAs =
  (version: string): Script =>
  (request) => {
    const entries = request.journal.flatMap((segment) => segment.entries)
    const isResolved = entries.some(({ kind }) => kind === 'completion')
    if (isResolved) return { status: completed(version) }
    return { entries: [{ kind: 'awakeable', op: 0 }], status: waitsForOp0 }
  }

/** Version 1 of the shop is registered; `next` can be. */
function shop(): World {
  const world = createWorld()
  const manifest = manifestOf('shop', { buy: {} })
  world.functions.set(old, serving(manifest, waitsAs('one')))
  return world
}

function addNext(world: World): void {
  world.functions.set(next, serving(manifestOf('shop', { buy: {} }), waitsAs('two')))
}

const idOf = async ({ engine }: Replica, address: string) =>
  (await engine.admin.deployments()).find((one) => one.address === address)?.id ?? ''

async function resolve(world: World, { engine }: Replica, id: InvocationId): Promise<void> {
  await done(world, engine.ingress.completeAwakeable(`${id}.0`, yes))
  await comes(world, id, 'output')
}

async function outputOf(world: World, id: InvocationId): Promise<unknown> {
  return (await flat(world, id)).find((entry) => entry.kind === 'output')?.result
}
const outputs = (json: string) => ({ kind: 'value', value: { json } })

/** Waits until the deployment is marked, and the replica that did it knows. */
async function marked(world: World, id: string): Promise<void> {
  await until(world.clock, async () => {
    const document = await world.stores.registry.get('deployments', id)
    return document !== undefined && 'going' in (document.body as object)
  })
  await world.clock.settle()
}

describe('a new version', () => {
  it('gives way to the one before it when that is made the newest again', async () => {
    const world = shop()
    const replica = await world.start()
    addNext(world)
    await replica.engine.admin.register(next)
    const begun = await start(world, replica, 'shop/buy')
    await comes(world, begun, 'suspended')
    await replica.engine.admin.register(old)
    expect((await replica.engine.admin.deployments()).map(({ address }) => address)[0]).toBe(next)

    await replica.engine.admin.register(old, { newest: true })
    await replica.engine.admin.register(old, { newest: true })
    const after = await start(world, replica, 'shop/buy')
    await comes(world, after, 'suspended')
    await resolve(world, replica, begun)
    await resolve(world, replica, after)
    expect(await outputOf(world, begun)).toEqual(outputs('two'))
    expect(await outputOf(world, after)).toEqual(outputs('one'))
  })

  it('gets what is new; what runs stays where it began', async () => {
    const world = shop()
    const replica = await world.start()
    const first = await start(world, replica, 'shop/buy')
    await comes(world, first, 'suspended')
    addNext(world)
    await replica.engine.admin.register(next)
    const second = await start(world, replica, 'shop/buy')
    await comes(world, second, 'suspended')
    await resolve(world, replica, first)
    await resolve(world, replica, second)
    expect(await outputOf(world, first)).toEqual(outputs('one'))
    expect(await outputOf(world, second)).toEqual(outputs('two'))
  })

  it('is newer than what was registered before, though the clock of its replica is slow', async () => {
    const world = shop()
    const replica = await world.start()
    const id = await idOf(replica, old)
    const document = await world.stores.registry.get('deployments', id)
    const later = { ...(document?.body as object), createdAt: world.clock.now() + 60_000 }
    await world.stores.registry.put('deployments', id, later as never, document?.rev)
    addNext(world)
    await replica.engine.admin.register(next)
    const started = await start(world, replica, 'shop/buy')
    await comes(world, started, 'suspended')
    await resolve(world, replica, started)
    expect(await outputOf(world, started)).toEqual(outputs('two'))
  })

  it('that lacks a handler is refused, unless it is forced; the old one goes on serving it', async () => {
    const world = shop()
    const replica = await world.start()
    world.functions.set(next, serving(manifestOf('shop', { sell: {} }), waitsAs('two')))
    const { admin } = replica.engine
    await expect(admin.register(next)).rejects.toMatchObject({
      code: 'deployment-incompatible',
      message: expect.stringContaining('"shop/buy"'),
    })
    expect(await admin.deployments()).toHaveLength(1)
    await admin.register(next, { force: true })
    const id = await start(world, replica, 'shop/buy')
    await comes(world, id, 'suspended')
    await resolve(world, replica, id)
    expect(await outputOf(world, id)).toEqual(outputs('one'))
  })

  it('at the same address is taken when it fits, and refused when it does not', async () => {
    const world = shop()
    const replica = await world.start()
    const { admin } = replica.engine
    const before = await admin.register(old)
    world.functions.set(old, serving(manifestOf('shop', { buy: {}, sell: {} }), waitsAs('one')))
    const after = await admin.register(old)
    expect([after.id, after.createdAt > before.createdAt]).toEqual([before.id, true])
    await start(world, replica, 'shop/sell')
    world.functions.set(old, serving(manifestOf('shop', { buy: {} }), waitsAs('one')))
    await expect(admin.register(old)).rejects.toMatchObject({ code: 'deployment-incompatible' })
  })
})

describe('the removal of a deployment', () => {
  it('is refused while something is on it, with its ids, and done afterwards', async () => {
    const world = shop()
    const replica = await world.start()
    const ids = await Promise.all(
      Array.from({ length: 15 }, () => start(world, replica, 'shop/buy')),
    )
    for (const id of ids) await comes(world, id, 'suspended')
    addNext(world)
    const { admin } = replica.engine
    await admin.register(next)
    const removal = () => done(world, admin.removeDeployment(deployment))
    const deployment = await idOf(replica, old)
    const refusal = await removal().catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'deployment-in-use' })
    const named = ids.filter((id) => String(refusal).includes(id))
    expect(named).toHaveLength(10)
    for (const id of ids.slice(1)) await resolve(world, replica, id)
    await expect(removal()).rejects.toThrow(ids[0])
    await resolve(world, replica, ids[0] as InvocationId)
    await removal()
    expect((await admin.deployments()).map(({ address }) => address)).toEqual([next])
  })

  it('is refused for what has not begun, where no other one serves it', async () => {
    const world = shop()
    const limits = { running: 100, perFunction: 1, queued: 100 }
    const replica = await world.start({ options: { limits } })
    const { admin } = replica.engine
    const deployment = await idOf(replica, old)
    await done(
      world,
      replica.engine.ingress.submit({
        target: { service: 'shop', handler: 'buy' },
        input: { json: 1 },
        headers: {},
        idempotencyKey: undefined,
        delayMs: 3_600_000,
      }),
    )
    await expect(done(world, admin.removeDeployment(deployment))).rejects.toMatchObject({
      code: 'deployment-in-use',
    })
    addNext(world)
    await admin.register(next)
    await done(world, admin.removeDeployment(deployment))
    expect(await admin.deployments()).toHaveLength(1)
  })

  it('is refused for what waits in the mailbox of a key, where no other one serves it', async () => {
    const world = createWorld()
    const manifest = objectOf(manifestOf('cart', { add: {} }))
    world.functions.set(old, serving(manifest, waitsAs('one')))
    const replica = await world.start()
    const { admin } = replica.engine
    const holder = await start(world, replica, 'cart/add', { key: 'ada' })
    await comes(world, holder, 'suspended')
    const waiting = await start(world, replica, 'cart/add', { key: 'ada' })
    const deployment = await idOf(replica, old)
    const removal = () =>
      done(world, admin.removeDeployment(deployment)).then(() => 'removed', String)
    expect(await removal()).toContain(holder)
    expect(await removal()).toContain(waiting)
    world.functions.set(next, serving(manifest, waitsAs('two')))
    await admin.register(next)
    expect(await removal()).toContain(holder)
    expect(await removal()).not.toContain(waiting)
    await resolve(world, replica, holder)
    expect(await removal()).toBe('removed')
    await comes(world, waiting, 'suspended')
    await resolve(world, replica, waiting)
    expect(await outputOf(world, waiting)).toEqual(outputs('two'))
  })

  it('is done at once when it is forced; what was on it waits until it is back', async () => {
    const world = shop()
    const replica = await world.start()
    const { admin } = replica.engine
    const id = await start(world, replica, 'shop/buy')
    await comes(world, id, 'suspended')
    await admin.removeDeployment(await idOf(replica, old), { force: true })
    await done(world, replica.engine.ingress.completeAwakeable(`${id}.0`, yes))
    await comes(world, id, 'paused')
    expect((await admin.invocation(id)).failure).toMatchObject({ code: 'deployment-not-found' })
    await admin.register(old)
    await done(world, admin.resume(id))
    await comes(world, id, 'output')
  })

  it('lets nothing new start there meanwhile: it waits, and goes on where it can', async () => {
    const world = shop()
    const replica = await world.start()
    const { admin } = replica.engine
    const deployment = await idOf(replica, old)
    const removal = admin.removeDeployment(deployment)
    await marked(world, deployment)
    const submitted = start(world, replica, 'shop/buy')
    await world.clock.advance(1_000)
    addNext(world)
    await admin.register(next)
    await done(world, removal)
    const id = await submitted
    await comes(world, id, 'suspended')
    await resolve(world, replica, id)
    expect(await outputOf(world, id)).toEqual(outputs('two'))
  })

  it('tells those who wait that there is nothing, once it is done', async () => {
    const world = shop()
    const replica = await world.start()
    const deployment = await idOf(replica, old)
    const removal = replica.engine.admin.removeDeployment(deployment)
    await marked(world, deployment)
    const submitted = start(world, replica, 'shop/buy').catch((error: unknown) => error)
    await done(world, removal)
    expect(await submitted).toMatchObject({ code: 'handler-not-found' })
  })

  it('sees what another replica started just before it heard of it', async () => {
    const world = shop()
    const first = await world.start()
    const second = await world.start()
    await world.clock.advance(3_000)
    const deployment = await idOf(first, old)
    const removal = done(world, first.engine.admin.removeDeployment(deployment)).catch(
      (error: unknown) => error,
    )
    await marked(world, deployment)
    const id = await start(world, second, 'shop/buy')
    expect(await removal).toMatchObject({
      code: 'deployment-in-use',
      message: expect.stringContaining(id),
    })
    // It is as it was before.
    await comes(world, await start(world, first, 'shop/buy'), 'suspended')
  })

  it('is known to a replica that stood still all the while, before it starts anything', async () => {
    const world = shop()
    addNext(world)
    const first = await world.start()
    const second = await world.start()
    const newest = await idOf(first, next)
    second.pause()
    await done(world, first.engine.admin.removeDeployment(newest))
    second.resume()
    await until(world.clock, () => second.engine.admin.ready().ready)
    const id = await start(world, second, 'shop/buy')
    await comes(world, id, 'attempt')
    const attempt = (await flat(world, id)).find(({ kind }) => kind === 'attempt')
    expect(attempt).toMatchObject({ deployment: await idOf(first, old) })
  })

  it('is forgotten when who was at it dies', async () => {
    const world = shop()
    const first = await world.start()
    const second = await world.start()
    const deployment = await idOf(first, old)
    void first.engine.admin.removeDeployment(deployment).catch(() => undefined)
    await marked(world, deployment)
    first.kill()
    await world.clock.advance(3_000)
    const id = await start(world, second, 'shop/buy')
    await comes(world, id, 'suspended')
    expect(await world.stores.registry.get('deployments', deployment)).not.toHaveProperty(
      'body.going',
    )
  })

  it('gives way to who registers it anew', async () => {
    const world = shop()
    const replica = await world.start()
    const { admin } = replica.engine
    const deployment = await idOf(replica, old)
    const removal = done(world, admin.removeDeployment(deployment)).catch((error: unknown) => error)
    await marked(world, deployment)
    await admin.register(old)
    expect(await removal).toMatchObject({ code: 'deployment-in-use' })
    expect(await admin.deployment(deployment)).toMatchObject({ address: old })
    expect(await has(world, await start(world, replica, 'shop/buy'), 'created')).toBe(true)
  })

  it('keeps a paused invocation from being resumed there', async () => {
    const world = shop()
    addNext(world)
    const replica = await world.start()
    const { admin } = replica.engine
    const [going, other] = [await idOf(replica, old), await idOf(replica, next)]
    const id = await start(world, replica, 'shop/buy')
    await comes(world, id, 'suspended')
    await admin.removeDeployment(other, { force: true })
    await done(world, replica.engine.ingress.completeAwakeable(`${id}.0`, yes))
    await comes(world, id, 'paused')
    await admin.register(next)
    const removal = admin.removeDeployment(going)
    await marked(world, going)
    await expect(done(world, admin.resume(id, { deployment: going }))).rejects.toMatchObject({
      code: 'deployment-not-found',
    })
    await done(world, removal)
    await done(world, admin.resume(id))
    await comes(world, id, 'output')
  })

  it('of one that is not there is not found', async () => {
    const world = shop()
    const { engine } = await world.start()
    const notFound = { code: 'deployment-not-found' }
    await expect(engine.admin.deployment('dp_0')).rejects.toMatchObject(notFound)
    await expect(engine.admin.removeDeployment('dp_0')).rejects.toMatchObject(notFound)
    await expect(engine.admin.removeDeployment('dp_0', { force: true })).rejects.toMatchObject(
      notFound,
    )
  })

  it('is refused while a subscription has no other handler for its records', async () => {
    const world = shop()
    const source = {
      open: async () => ({ stop: async () => undefined }),
      positions: async () => [],
      close: async () => undefined,
    }
    const options = {
      subscriptions: [{ name: 'orders', source: 'kafka://c/t', sink: 'shop/buy' }],
      clusters: ['c'],
    }
    const replica = await world.start({ source, options })
    const { admin } = replica.engine
    const deployment = await idOf(replica, old)
    await expect(done(world, admin.removeDeployment(deployment))).rejects.toThrow('"orders"')
    addNext(world)
    await admin.register(next)
    await done(world, admin.removeDeployment(deployment))
    expect(await admin.deployments()).toHaveLength(1)
  })
})
