/** Policies of handlers: in code, set by operators, and held to by all replicas. */
import { describe, expect, it } from 'vitest'
import { comes, flat, has, waitsForOp0 } from '../engine/scenes.ts'
import { completed, createWorld, type Script, until, type World } from '../engine/world.ts'
import { arnOf, done, manifestOf, serving, start } from './serving.ts'

const shop = { service: 'shop', handler: undefined }
const buy = { service: 'shop', handler: 'buy' }

function shopOf(script: Script, manifest = manifestOf('shop', { buy: {}, refund: {} })): World {
  const world = createWorld()
  world.functions.set(arnOf('shop', 1), serving(manifest, script))
  return world
}

/** Attempts that last a second each, and how many there were at once. */
function busy() {
  const state = { running: 0, most: 0, begun: [] as number[] }
  const scriptOf =
    (world: () => World): Script =>
    async () => {
      state.running += 1
      state.most = Math.max(state.most, state.running)
      state.begun.push(world().clock.now())
      await world().clock.sleep(1_000)
      state.running -= 1
      return { status: completed('done') }
    }
  return { state, scriptOf }
}

describe('the policies of a handler', () => {
  it('come from the handler, then the service, then the orchestrator', async () => {
    const manifest = manifestOf(
      'shop',
      { buy: { timeoutMs: 1_000 }, refund: {} },
      { timeoutMs: 2_000, retentionMs: 3_000, private: true },
    )
    const world = shopOf(() => ({ status: completed('fine') }), manifest)
    const { engine } = await world.start()
    const { handlers, overrides, kind } = await engine.admin.service('shop')
    expect([kind, overrides]).toEqual(['service', {}])
    expect(handlers).toMatchObject([
      { name: 'buy', policy: { timeoutMs: 1_000, retentionMs: 3_000, private: true } },
      { name: 'refund', policy: { timeoutMs: 2_000, retentionMs: 3_000, private: true } },
    ])
    expect(handlers[0]?.policy.retry.maxAttempts).toBe(5)
  })

  it('are overridden for a service, and for a handler, until that is taken away', async () => {
    const world = shopOf(() => ({ status: completed('fine') }))
    const { engine } = await world.start()
    const { admin } = engine
    await admin.setPolicy(shop, { timeoutMs: 10, retry: { maxAttempts: 2 } })
    const view = await admin.setPolicy(buy, { timeoutMs: 20, retry: { factor: 3 } })
    expect(view.overrides).toEqual({ timeoutMs: 10, retry: { maxAttempts: 2 } })
    expect(view.handlers[0]).toMatchObject({
      overrides: { timeoutMs: 20, retry: { factor: 3 } },
      policy: { timeoutMs: 20, retry: { maxAttempts: 2, factor: 3 } },
    })
    expect(view.handlers[1]?.policy.timeoutMs).toBe(10)
    await admin.setPolicy(buy, { timeoutMs: null })
    await admin.setPolicy(shop, null)
    const [changed] = (await admin.services())[0]?.handlers ?? []
    expect(changed?.policy).toMatchObject({
      timeoutMs: 900_000,
      retry: { maxAttempts: 5, factor: 3 },
    })
  })

  it('can be set only for what is served', async () => {
    const world = shopOf(() => ({ status: completed('fine') }))
    const { engine } = await world.start()
    const set = (service: string, handler?: string) =>
      engine.admin.setPolicy({ service, handler }, { timeoutMs: 1 })
    await expect(set('nobody')).rejects.toMatchObject({ code: 'service-not-found' })
    await expect(set('shop', 'nothing')).rejects.toMatchObject({ code: 'handler-not-found' })
    await expect(engine.admin.service('nobody')).rejects.toMatchObject({
      code: 'service-not-found',
    })
  })

  it('are what other replicas go by soon after they were set on one', async () => {
    const failure = { code: 'handler-failed', message: 'no' }
    const world = shopOf(() => ({ status: { kind: 'retry', failure } }))
    const first = await world.start()
    const second = await world.start()
    await first.engine.admin.setPolicy(buy, { retry: { maxAttempts: 1, onExhaustion: 'fail' } })
    await world.clock.advance(3_000)
    const id = await start(world, second, 'shop/buy')
    await comes(world, id, 'output')
    expect(await has(world, id, 'attempt-failed')).toBe(false)
    const other = await start(world, second, 'shop/refund')
    await comes(world, other, 'paused')
  })

  it('make a handler private at once', async () => {
    const world = shopOf(() => ({ status: completed('fine') }))
    const replica = await world.start()
    await replica.engine.admin.setPolicy(buy, { private: true })
    await expect(start(world, replica, 'shop/buy')).rejects.toMatchObject({
      code: 'handler-not-found',
    })
    await start(world, replica, 'shop/refund')
  })

  it('end an attempt that lasts longer than it may', async () => {
    const world: World = shopOf(async () => {
      await world.clock.sleep(60_000)
      return { status: completed('late') }
    })
    const replica = await world.start()
    await replica.engine.admin.setPolicy(buy, { timeoutMs: 5_000 })
    const id = await start(world, replica, 'shop/buy')
    await comes(world, id, 'attempt-failed', 10_000)
    expect(await flat(world, id)).toContainEqual(
      expect.objectContaining({ failure: expect.objectContaining({ code: 'function-timed-out' }) }),
    )
  })

  it('keep an invocation with an idempotency key for longer', async () => {
    const manifest = manifestOf('shop', {
      buy: { retentionMs: 60_000, idempotencyRetentionMs: 3_600_000 },
    })
    const world = shopOf(() => ({ status: completed('fine') }), manifest)
    const replica = await world.start()
    const plain = await start(world, replica, 'shop/buy')
    const keyed = await start(world, replica, 'shop/buy', { idempotencyKey: 'order 1' })
    expect((await flat(world, plain))[0]).toMatchObject({ retentionMs: 60_000 })
    expect((await flat(world, keyed))[0]).toMatchObject({ retentionMs: 3_600_000 })
    await comes(world, keyed, 'output')
    await world.clock.advance(120_000)
    expect(await world.journal(plain)).toEqual([])
    const again = await start(world, replica, 'shop/buy', { idempotencyKey: 'order 1' })
    expect(again).toBe(keyed)
    expect((await flat(world, keyed)).filter(({ kind }) => kind === 'attempt')).toHaveLength(1)
  })
})

describe('the overrides of a service', () => {
  it('are all kept when several are set at once', async () => {
    const world = shopOf(() => ({ status: completed('fine') }))
    const replicas = [await world.start(), await world.start()]
    const set = replicas.flatMap(({ engine }, n) => [
      engine.admin.setPolicy(buy, n === 0 ? { timeoutMs: 10 } : { concurrency: 10 }),
      engine.admin.setPolicy(shop, n === 0 ? { private: true } : { retentionMs: 10 }),
    ])
    await Promise.all(set.map((one) => done(world, one)))
    const view = await replicas[0]?.engine.admin.service('shop')
    expect(view?.overrides).toEqual({ private: true, retentionMs: 10 })
    expect(view?.handlers[0]?.overrides).toEqual({ timeoutMs: 10, concurrency: 10 })
  })

  it('that cannot be read are ignored, with a warning, and the service goes on', async () => {
    const world = shopOf(() => ({ status: completed('fine') }))
    await world.stores.registry.put('policies', 'shop', { service: 5 }, undefined)
    await world.stores.registry.put('deployments', 'dp_0', { address: 5 }, undefined)
    const replica = await world.start()
    await comes(world, await start(world, replica, 'shop/buy'), 'output')
    expect(world.warnings.map(({ fields }) => fields)).toEqual(
      expect.arrayContaining([{ service: 'shop' }, { deployment: 'dp_0' }]),
    )
    const view = await replica.engine.admin.setPolicy(shop, { timeoutMs: 10 })
    expect(view.overrides).toEqual({ timeoutMs: 10 })
  })
})

describe('the concurrency of a handler', () => {
  it('is never exceeded by two replicas together, and is used up', async () => {
    const { state, scriptOf } = busy()
    const world: World = shopOf(
      scriptOf(() => world),
      manifestOf('shop', { buy: { concurrency: 5 } }),
    )
    const replicas = [await world.start(), await world.start()]
    await world.clock.advance(2_000)
    const ids = await Promise.all(
      replicas.flatMap((replica) =>
        Array.from({ length: 10 }, () => start(world, replica, 'shop/buy')),
      ),
    )
    await until(world.clock, async () => {
      const ended = await Promise.all(ids.map((id) => has(world, id, 'output')))
      return ended.every(Boolean)
    })
    expect([state.most, state.begun.length]).toEqual([5, 20])
  })

  it('does not count what waits', async () => {
    const world = shopOf(
      () => ({ entries: [{ kind: 'awakeable', op: 0 }], status: waitsForOp0 }),
      manifestOf('shop', { buy: { concurrency: 1 } }),
    )
    const replica = await world.start()
    const waiting = await Promise.all(
      Array.from({ length: 3 }, () => start(world, replica, 'shop/buy')),
    )
    for (const id of waiting) {
      expect(await comes(world, id, 'suspended', 1_000)).toBeLessThan(1_000)
    }
  })

  it('holds back those who wait until it is raised, on whatever replica', async () => {
    const { state, scriptOf } = busy()
    const world: World = shopOf(scriptOf(() => world))
    const first = await world.start()
    const second = await world.start()
    await world.clock.advance(2_000)
    await first.engine.admin.setPolicy(buy, { concurrency: 2 })
    await world.clock.advance(3_000)
    await Promise.all(Array.from({ length: 40 }, () => start(world, second, 'shop/buy')))
    await world.clock.advance(1_500)
    expect(state.most).toBe(1)
    await first.engine.admin.setPolicy(buy, { concurrency: null })
    await until(world.clock, () => state.begun.length === 40, 3_500)
    expect(state.most).toBeGreaterThan(30)
  })

  it('of one handler holds up no other', async () => {
    const { state, scriptOf } = busy()
    const world: World = shopOf(
      scriptOf(() => world),
      manifestOf('shop', { buy: { concurrency: 1 }, refund: {} }),
    )
    const replica = await world.start()
    for (let n = 0; n < 5; n++) await start(world, replica, 'shop/buy')
    const begun = state.begun.length
    await start(world, replica, 'shop/refund')
    await until(world.clock, () => state.begun.length > begun, 100)
    expect(state.running).toBe(2)
  })
})

describe('the rate of a handler', () => {
  it('lets a burst start at once and then so many per time, over all replicas', async () => {
    const { state, scriptOf } = busy()
    const rate = { limit: 2, perMs: 1_000, burst: 4 }
    const world: World = shopOf(
      scriptOf(() => world),
      manifestOf('shop', { buy: { rate } }),
    )
    const replicas = [await world.start(), await world.start()]
    await world.clock.advance(10_000)
    const began = world.clock.now()
    await Promise.all(
      replicas.flatMap((replica) =>
        Array.from({ length: 8 }, () => start(world, replica, 'shop/buy')),
      ),
    )
    await until(world.clock, () => state.begun.length === 16, 10_000)
    const after = state.begun.map((at) => at - began)
    for (const [n, at] of after.entries()) {
      // The (n+1)-th start: no earlier than the flow allows, and at most one step of the clock later.
      const dueAt = Math.max(0, Math.ceil((n + 1 - rate.burst) / 2)) * 1_000
      expect(at).toBeGreaterThanOrEqual(dueAt)
      expect(at).toBeLessThan(dueAt + 500)
    }
  })

  it('does not hold up what goes on', async () => {
    const rate = { limit: 1, perMs: 3_600_000, burst: 1 }
    let attempts = 0
    const world = shopOf(
      () => {
        attempts += 1
        if (attempts > 1) return { status: completed('fine') }
        return {
          entries: [{ kind: 'sleep', op: 0, wakeAt: world.clock.now() + 1_000 }],
          status: waitsForOp0,
        }
      },
      manifestOf('shop', { buy: { rate } }),
    )
    const replica = await world.start()
    const id = await start(world, replica, 'shop/buy')
    await comes(world, id, 'output', 5_000)
    const next = await start(world, replica, 'shop/buy')
    await world.clock.advance(10_000)
    expect(await has(world, next, 'attempt')).toBe(false)
    await done(world, replica.engine.admin.setPolicy(buy, { rate: { limit: 1, perMs: 1 } }))
    await comes(world, next, 'output', 1_000)
  })
})
