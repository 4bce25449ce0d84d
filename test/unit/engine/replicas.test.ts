/** Several replicas, and functions that are throttled, slow or broken: what runs how often, and what it costs. */
import { childInvocationId, type InvocationId } from '@fermata/lambda-runtime/protocol'
import { describe, expect, it } from 'vitest'
import {
  calling,
  comes,
  during,
  epochs,
  flat,
  has,
  never,
  policy,
  submission,
  submit,
  waitsForOp0,
  worldOf,
  yes,
} from './scenes.ts'
import { completed, until, type World } from './world.ts'

/** The handler of attempt 1 shows itself. */
async function showsItself(world: World, id: InvocationId): Promise<void> {
  const segments = await world.journal(id)
  const [created] = segments
  if (created === undefined || segments.at(-1)?.epoch !== 1) return
  const at = { n: segments.length, epoch: 1, at: world.clock.now() }
  const alive = { ...created, ...at, by: 'handler' as const, writer: 'lively' }
  const segment = { ...alive, entries: [{ kind: 'alive' as const }] }
  await world.stores.journals.append(id, segment, Number.MAX_SAFE_INTEGER)
}

/** Counts the reads of one journal. */
function readsOf(world: World): { of(id: InvocationId): number } {
  const { journals } = world.stores
  const counts = new Map<InvocationId, number>()
  const counted =
    <A extends readonly [InvocationId, ...unknown[]], R>(read: (...args: A) => R) =>
    (...args: A): R => {
      counts.set(args[0], (counts.get(args[0]) ?? 0) + 1)
      return read(...args)
    }
  Object.assign(journals, {
    load: counted(journals.load.bind(journals)),
    tail: counted(journals.tail.bind(journals)),
  })
  return { of: (id) => counts.get(id) ?? 0 }
}

describe('an attempt that is throttled for so long that another replica takes it for dead', () => {
  it('is not invoked once the next one has begun', async () => {
    const world = worldOf({
      orders: async () => {
        await world.clock.sleep(6_000)
        return { status: completed('fine') }
      },
    })
    const first = await world.start()
    const second = await world.start()
    world.invoker.inject({ kind: 'throttle', when: ({ epoch }) => epoch === 1 }, 100)
    const id = await submit(world, first, 'orders', { key: 'k' })
    await submit(world, second, 'orders', { key: 'k' })
    await comes(world, id, 'output')
    await world.clock.advance(20_000)
    expect(epochs(world.invoker.started)).toEqual([2])
  })
})

describe('an attempt that was taken for dead while the adopter waits for a permit', () => {
  it('is left alone if it shows itself meanwhile', async () => {
    let busy = true
    const world = worldOf({
      orders: () => never,
      stock: async () => {
        while (busy) await world.clock.sleep(100)
        return { status: completed('free') }
      },
    })
    const limits = { running: 1, perFunction: 1, queued: 100 }
    const first = await world.start()
    const second = await world.start({ options: { limits } })
    await submit(world, second, 'stock')
    const id = await submit(world, first, 'orders', { key: 'k' })
    await submit(world, second, 'orders', { key: 'k' })
    await world.clock.advance(10_000)
    await showsItself(world, id)
    busy = false
    await world.clock.advance(10_000)
    expect((await flat(world, id)).filter(({ kind }) => kind === 'attempt')).toHaveLength(1)
  })
})

describe('an attempt whose replica died', () => {
  it('is given up after its time, however lively its handler is', async () => {
    const world = worldOf({
      orders: ({ epoch }) => (epoch === 1 ? never : { status: completed('fine') }),
    })
    const options = { policy: policy({ timeoutMs: 60_000 }) }
    const first = await world.start({ options })
    const id = await submit(world, first, 'orders')
    first.kill()
    await world.start({ options })
    for (let beats = 0; beats < 30; beats++) {
      await showsItself(world, id)
      await world.clock.advance(5_000)
    }
    expect(await has(world, id, 'output')).toBe(true)
  })
})

describe('a call that is carried out again by another replica', () => {
  it('waits for the callee that there is, although nobody serves its handler any more', async () => {
    const world = worldOf({
      orders: calling('stock'),
      stock: ({ epoch }) => (epoch === 1 ? never : { status: completed('reserved') }),
    })
    const first = await world.start({
      onFault(at, subject, self) {
        if (at === 'effects.after' && subject === id) self().kill()
      },
    })
    let id: InvocationId | undefined
    const accepted = first.engine.ingress.submit(submission('orders'))
    void accepted.then(({ invocationId }) => {
      id = invocationId
    })
    await until(world.clock, () => id !== undefined)
    const known = (await accepted).invocationId
    await until(world.clock, () => has(world, childInvocationId('stock', known, 0), 'created'))
    await world.clock.advance(1_000)
    const [deployment] = await world.stores.registry.list('deployments', '', 10)
    if (deployment === undefined) throw new Error('there is no deployment')
    await world.stores.registry.remove('deployments', deployment.name, deployment.rev)
    await world.start({ options: { deployments: [] } })
    await world.clock.advance(60_000)
    expect(await has(world, known, 'completion')).toBe(false)
  })
})

describe('an invoker that throws', () => {
  it('costs an attempt, and nothing goes on reading the journal afterwards', async () => {
    const world = worldOf({ orders: () => ({ status: completed('fine') }) })
    const reads = readsOf(world)
    const replica = await world.start()
    const invoke = world.invoker.invoke.bind(world.invoker)
    Object.assign(world.invoker, {
      invoke: () => Promise.reject(new TypeError('a mistake of the invoker')),
    })
    const id = await submit(world, replica, 'orders')
    Object.assign(world.invoker, { invoke })
    await comes(world, id, 'output')
    const before = reads.of(id)
    await world.clock.advance(25_000)
    expect(reads.of(id)).toBe(before)
  })
})

describe('what is read', () => {
  it('the completion of an awakeable reads its journal once', async () => {
    const world = worldOf({
      orders: ({ epoch }) =>
        epoch === 1
          ? { entries: [{ kind: 'awakeable', op: 0 }], status: waitsForOp0 }
          : { status: completed('approved') },
    })
    const reads = readsOf(world)
    const replica = await world.start()
    const id = await submit(world, replica, 'orders')
    await comes(world, id, 'suspended')
    await world.clock.advance(1_000)
    const before = reads.of(id)
    await during(world, replica.engine.ingress.completeAwakeable(`${id}.0`, yes))
    await world.clock.advance(100_000)
    expect(reads.of(id) - before).toBeLessThanOrEqual(1)
    expect((await flat(world, id)).at(-1)?.kind).toBe('output')
  })

  it('an invocation that slept is read once to wake it, and not again after its end', async () => {
    const world = worldOf({
      orders: ({ epoch }) =>
        epoch === 1
          ? {
              entries: [{ kind: 'sleep', op: 0, wakeAt: world.clock.now() + 20_000 }],
              status: waitsForOp0,
            }
          : { status: completed('rested') },
    })
    const reads = readsOf(world)
    const replica = await world.start()
    const id = await submit(world, replica, 'orders')
    await world.clock.advance(100_000)
    expect(reads.of(id)).toBe(1)
    expect((await flat(world, id)).at(-1)?.kind).toBe('output')
  })

  it('a long attempt is read every two seconds by who adopted it', async () => {
    const world = worldOf({ orders: () => never })
    const first = await world.start()
    const second = await world.start()
    const id = await submit(world, first, 'orders', { key: 'k' })
    await showsItself(world, id)
    first.pause()
    await submit(world, second, 'orders', { key: 'k' })
    const reads = readsOf(world)
    await world.clock.advance(20_000)
    expect(reads.of(id)).toBeLessThanOrEqual(13)
    expect(reads.of(id)).toBeGreaterThanOrEqual(10)
  })
})
