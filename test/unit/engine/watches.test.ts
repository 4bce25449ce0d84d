/** Who watches an open invocation, so that it goes on when the replica at work on it dies (INV-10). */
import { deriveInvocationId, type InvocationId } from '@fermata/lambda-runtime/protocol'
import { describe, expect, it } from 'vitest'
import {
  approval,
  calling,
  comes,
  during,
  flat,
  forgotten,
  has,
  never,
  policy,
  submission,
  submit,
  waitsForOp0,
  worldOf,
  yes,
} from './scenes.ts'
import { completed, type Script, until, type World } from './world.ts'

/** The first attempt never ends by itself; what takes over from it does. */
const hangsOnce: Script = ({ epoch }) => (epoch === 1 ? never : { status: completed('fine') })

/** While `refused` says so, the table takes no such append. */
function refuse(world: World, refused: (id: InvocationId, kinds: readonly string[]) => boolean) {
  const { journals } = world.stores
  const append = journals.append.bind(journals)
  Object.assign(journals, {
    append: async (...[id, segment, expires]: Parameters<typeof append>) => {
      const kinds = segment.entries.map(({ kind }) => kind)
      if (refused(id, kinds)) throw new Error('the table does not answer')
      return append(id, segment, expires)
    },
  })
}

describe('the watch over an invocation that has ended', () => {
  it('stays until its caller knows, whoever asks for it again by its key meanwhile', async () => {
    const world = worldOf({
      orders: calling('stock', 'k'),
      stock: () => ({ status: completed('reserved') }),
    })
    let outage = true
    refuse(world, (_id, kinds) => outage && kinds.includes('completion'))
    const first = await world.start()
    const id = await submit(world, first, 'orders')
    await comes(world, deriveInvocationId('stock', ['key', 'process', 'k']), 'output')
    await submit(world, first, 'stock', { key: 'k' })
    await forgotten(world)
    first.kill()
    outage = false
    await world.start()
    expect(await comes(world, id, 'output')).toBeLessThan(45_000)
  })
})

describe('the watch over an attempt that runs', () => {
  it('outlives a delayed request for the same invocation', async () => {
    const world = worldOf({ orders: hangsOnce })
    const first = await world.start()
    const id = await submit(world, first, 'orders', { key: 'k' })
    await comes(world, id, 'attempt')
    await submit(world, first, 'orders', { key: 'k', delayMs: 600_000 })
    await forgotten(world)
    first.kill()
    await world.start()
    expect(await comes(world, id, 'output')).toBeLessThan(45_000)
  })

  it('is there although somebody asked for the invocation by its key while it waited to be resumed', async () => {
    let broken = true
    let busy = true
    const world = worldOf({
      orders: ({ epoch }) => {
        if (broken) return { status: { kind: 'paused', failure: { code: 'x', message: 'x' } } }
        return epoch === 2 ? never : { status: completed('fine') }
      },
      stock: async () => {
        while (busy) await world.clock.sleep(100)
        return { status: completed('free') }
      },
    })
    const limits = { running: 1, perFunction: 1, queued: 100 }
    const first = await world.start({ options: { limits } })
    const id = await submit(world, first, 'orders', { key: 'k' })
    await comes(world, id, 'paused')
    await submit(world, first, 'stock')
    broken = false
    const resumed = first.engine.admin.resume(id)
    resumed.catch(() => undefined)
    await world.clock.advance(100)
    await submit(world, first, 'orders', { key: 'k' })
    busy = false
    await until(world.clock, async () => (await flat(world, id)).at(-1)?.kind === 'attempt')
    await forgotten(world)
    first.kill()
    await world.start()
    expect(await comes(world, id, 'output')).toBeLessThan(45_000)
  })
})

describe('a delayed invocation', () => {
  it('starts although its replica stalled while it was accepted, and died once it was', async () => {
    const world = worldOf({ orders: () => ({ status: completed('fine') }) })
    let stall = true
    const stalled = await world.start({
      onFault(at, _subject, self) {
        if (at !== 'accept.before-append' || !stall) return
        stall = false
        self().pause()
      },
    })
    const accepted = stalled.engine.ingress.submit(submission('orders', { delayMs: 20_000 }))
    await world.clock.advance(100)
    await world.start()
    await world.clock.advance(15_000)
    stalled.resume()
    await during(world, accepted, 10_000)
    const { invocationId } = await accepted
    stalled.kill()
    expect(await comes(world, invocationId, 'output')).toBeLessThan(45_000)
  })

  it('starts although nothing names it but who asked for it again, later, and was answered by one that died', async () => {
    const world = worldOf({ orders: () => ({ status: completed('fine') }) })
    const { agenda } = world.stores
    const put = agenda.put.bind(agenda)
    let stuck = true
    Object.assign(agenda, {
      put: (...item: Parameters<typeof put>) => (stuck ? never : put(...item)),
    })
    const first = await world.start({
      onFault: (at, _subject, self) => at === 'accept.after-append' && self().kill(),
    })
    const request = submission('orders', { key: 'k', delayMs: 20_000 })
    first.engine.ingress.submit(request).catch(() => undefined)
    await world.clock.advance(5_000)
    stuck = false
    const second = await world.start()
    const accepted = second.engine.ingress.submit(request).finally(() => second.kill())
    await during(world, accepted, 30_000)
    const { invocationId, status } = await accepted
    expect(status).toBe('previously_accepted')
    await world.start()
    expect(await comes(world, invocationId, 'output')).toBeLessThan(60_000)
  })
})

describe('an invocation that waits for longer than it is kept', () => {
  const retention = { policy: policy({ retentionMs: 60_000 }) }

  it('is found again when the replica that stamped it anew dies right after', async () => {
    const world = worldOf({ orders: approval })
    const options = { policy: policy({ retentionMs: 600_000 }) }
    const first = await world.start({ options })
    const { journals } = world.stores
    const restamp = journals.restamp.bind(journals)
    const id = await submit(world, first, 'orders')
    await comes(world, id, 'suspended')
    Object.assign(journals, {
      restamp: async (...stamp: Parameters<typeof restamp>) => {
        await restamp(...stamp)
        first.kill()
      },
    })
    await world.clock.advance(310_000)
    Object.assign(journals, { restamp })
    const second = await world.start({ options })
    await world.clock.advance(1_500_000)
    await during(world, second.engine.ingress.completeAwakeable(`${id}.0`, yes))
    await comes(world, id, 'output', 45_000)
    expect(await has(world, id, 'output')).toBe(true)
  })

  it.each([
    ['for a permit', { running: 1, perFunction: 1, queued: 100 }],
    ['for the end of its attempt', { running: 9, perFunction: 9, queued: 100 }],
  ])('%s is still there when it comes', async (_what, limits) => {
    let busy = true
    const world = worldOf({
      stock: async () => {
        while (busy) await world.clock.sleep(100)
        return { status: completed('late') }
      },
    })
    const replica = await world.start({ options: { ...retention, limits } })
    const ids = [await submit(world, replica, 'stock'), await submit(world, replica, 'stock')]
    await world.clock.advance(300_000)
    busy = false
    for (const id of ids) await comes(world, id, 'output', 45_000)
    expect(world.invoker.started).toHaveLength(2)
  })
})

describe('an attempt that fails at the moment at which its journal is stamped anew', () => {
  it('is tried again when it is to be, and not only when the next stamp is due', async () => {
    const retentionMs = 400_000
    const failure = { code: 'oops', message: 'no luck' }
    const world = worldOf({
      orders: ({ epoch, journal }) => {
        const wakeAt = (journal[0]?.at ?? 0) + retentionMs
        if (epoch === 1) return { entries: [{ kind: 'sleep', op: 0, wakeAt }], status: waitsForOp0 }
        return { status: epoch < 4 ? { kind: 'retry', failure } : completed('fine') }
      },
    })
    const replica = await world.start({ options: { policy: policy({ retentionMs }) } })
    const id = await submit(world, replica, 'orders')
    await world.clock.advance(retentionMs)
    expect(await comes(world, id, 'output')).toBeLessThan(45_000)
  })
})

describe('an invocation whose replica died before it was acknowledged', () => {
  it('goes on where it stood, effects and all, when its source asks again', async () => {
    const world = worldOf({
      orders: calling('stock'),
      stock: () => ({ status: completed('reserved') }),
    })
    const first = await world.start({
      onFault(at, _subject, self) {
        if (at === 'effects.before') self().kill()
      },
    })
    void first.engine.ingress.submit(submission('orders', { key: 'k' }))
    await until(world.clock, () => world.invoker.started.length === 1)
    await world.clock.advance(100)
    const second = await world.start()
    await forgotten(world)
    const id = await submit(world, second, 'orders', { key: 'k' })
    expect(await comes(world, id, 'output')).toBeLessThan(45_000)
  })
})
