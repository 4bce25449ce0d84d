/** What a handler appends by itself, and who sees to it while its attempt runs. */
import type { Entry, InvocationId } from '@fermata/lambda-runtime/protocol'
import { childInvocationId } from '@fermata/lambda-runtime/protocol'
import { describe, expect, it } from 'vitest'
import {
  comes,
  during,
  flat,
  has,
  never,
  send,
  submit,
  waitsForOp0,
  worldOf,
  yes,
} from './scenes.ts'
import { completed, until, type World } from './world.ts'

/** The handler of the first attempt appends a segment of its own. */
async function appends(world: World, id: InvocationId, ...entries: Entry[]): Promise<void> {
  const segments = await world.journal(id)
  const [created] = segments
  if (created === undefined) throw new Error('there is no journal')
  const at = { n: segments.length, epoch: 1, at: world.clock.now() }
  const segment = { ...created, ...at, by: 'handler' as const, writer: 'h', entries }
  await world.stores.journals.append(id, segment, Number.MAX_SAFE_INTEGER)
}

function worldOfMail(): World {
  return worldOf({
    orders: ({ epoch }) => (epoch === 1 ? never : { status: completed('fine') }),
    mail: () => ({ status: completed('sent') }),
  })
}

describe('commands of an attempt that runs', () => {
  it('are carried out while it goes on', async () => {
    const world = worldOfMail()
    const replica = await world.start()
    const id = await submit(world, replica, 'orders')
    await appends(world, id, send(0, 'mail'))
    const mail = childInvocationId('mail', id, 0)
    expect(await comes(world, mail, 'output')).toBeLessThan(1_000)
    expect(await has(world, id, 'output')).toBe(false)
  })

  it('are carried out by the replica that adopted it', async () => {
    const world = worldOfMail()
    const first = await world.start()
    const second = await world.start()
    const id = await submit(world, first, 'orders', { key: 'k' })
    first.pause()
    await submit(world, second, 'orders', { key: 'k' })
    await appends(world, id, { kind: 'alive' }, send(0, 'mail'))
    const mail = childInvocationId('mail', id, 0)
    expect(await comes(world, mail, 'output')).toBeLessThan(3_000)
    expect((await flat(world, id)).filter(({ kind }) => kind === 'attempt')).toHaveLength(1)
  })
})

describe('an attempt that another replica adopted', () => {
  it('goes on by itself where its handler suspended, and can move', async () => {
    const world = worldOfMail()
    const first = await world.start()
    const second = await world.start()
    const id = await submit(world, first, 'orders', { key: 'k' })
    first.pause()
    await submit(world, second, 'orders', { key: 'k' })
    await world.clock.advance(1_000)
    await appends(world, id, { kind: 'suspended', waitingOn: { kind: 'all', of: [] } })
    expect(await comes(world, id, 'output')).toBeLessThan(3_000)
  })

  it('is not taken for alive because of news from outside', async () => {
    const world = worldOf({
      orders: ({ epoch }) => (epoch === 1 ? never : { status: completed('fine') }),
    })
    const first = await world.start()
    const second = await world.start()
    const id = await submit(world, first, 'orders', { key: 'k' })
    first.pause()
    await submit(world, second, 'orders', { key: 'k' })
    for (let op = 0; op < 5; op++) {
      await during(world, second.engine.ingress.completeAwakeable(`${id}.${op}`, yes))
      await world.clock.advance(1_500)
    }
    expect(await comes(world, id, 'output')).toBeLessThan(2_000)
  })
})

describe('an invocation that two replicas would start', () => {
  it('is started by one, and the other has its permit for something else', async () => {
    let isBusy = true
    const world = worldOf({
      orders: ({ epoch }) =>
        epoch === 1
          ? { entries: [{ kind: 'awakeable', op: 0 }], status: waitsForOp0 }
          : { status: completed('approved') },
      stock: async () => {
        while (isBusy) await world.clock.sleep(100)
        return { status: completed('free') }
      },
    })
    const limits = { running: 1, perFunction: 100, queued: 100 }
    const first = await world.start({ options: { limits } })
    const second = await world.start({ options: { limits } })
    const id = await submit(world, first, 'orders')
    await comes(world, id, 'suspended')
    await submit(world, first, 'stock')
    await during(world, first.engine.ingress.completeAwakeable(`${id}.0`, yes))
    await during(world, second.engine.ingress.completeAwakeable(`${id}.0`, yes))
    await comes(world, id, 'output', 1_000)
    isBusy = false
    await world.clock.advance(200)
    const other = await submit(world, first, 'stock')
    expect(await comes(world, other, 'output')).toBeLessThan(1_000)
    expect((await flat(world, id)).filter(({ kind }) => kind === 'attempt')).toHaveLength(2)
  })
})

describe('a replica that dies right after its handler fell asleep', () => {
  it('leaves a watch behind that becomes the alarm', async () => {
    const world = worldOf({
      orders: ({ epoch }) =>
        epoch === 1
          ? {
              entries: [{ kind: 'sleep', op: 0, wakeAt: world.clock.now() + 100_000 }],
              status: waitsForOp0,
            }
          : { status: completed('rested') },
    })
    let appended = 0
    const first = await world.start({
      onFault(at, _subject, self) {
        if (at === 'append.after' && ++appended === 2) self().kill()
      },
    })
    const id = await submit(world, first, 'orders')
    await until(world.clock, () => has(world, id, 'suspended'))
    await world.start()
    expect(await comes(world, id, 'output', 150_000)).toBeLessThan(102_000)
  })
})

describe('a replica that stalls between a watch and the append that it protects', () => {
  it('acknowledges the news only when somebody watches again', async () => {
    const world = worldOf({
      orders: ({ epoch }) =>
        epoch === 1
          ? { entries: [{ kind: 'awakeable', op: 0 }], status: waitsForOp0 }
          : epoch === 2
            ? never
            : { status: completed('approved') },
    })
    let stall = false
    const stalled = await world.start({
      onFault(at, _subject, self) {
        if (!stall || at !== 'append.before') return
        stall = false
        self().pause()
      },
    })
    const id = await submit(world, stalled, 'orders')
    await comes(world, id, 'suspended')
    await world.start()
    await world.clock.advance(200_000)
    stall = true
    const told = stalled.engine.ingress.completeAwakeable(`${id}.0`, yes).then(() => 'told')
    await world.clock.advance(100_000)
    stalled.resume()
    expect(await during(world, told)).toBe('told')
    stalled.kill()
    expect(await comes(world, id, 'output')).toBeLessThan(45_000)
  })
})
