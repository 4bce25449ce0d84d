/** What holds while nothing fails, and how soon. */
import { childInvocationId, type InvocationId } from '@fermata/lambda-runtime/protocol'
import { describe, expect, it } from 'vitest'
import {
  approval,
  calling,
  comes,
  during,
  epochs,
  flat,
  has,
  never,
  policy,
  send,
  submission,
  submit,
  waitsForOp0,
  worldOf,
  yes,
} from './scenes.ts'
import { completed, type Script, scripted, until, type World } from './world.ts'

const one = { running: 1, perFunction: 1, queued: 100 }

/** Runs until it is told to end. */
function occupant(world: () => World) {
  let isBusy = true
  const script: Script = async () => {
    while (isBusy) await world().clock.sleep(100)
    return { status: completed('free') }
  }
  const leave = () => {
    isBusy = false
  }
  return { script, leave }
}

/** A sleep that is over at this moment, epoch ms. */
const sleeps =
  (world: () => World, ms: number): Script =>
  ({ epoch }) =>
    epoch === 1
      ? {
          entries: [{ kind: 'sleep', op: 0, wakeAt: world().clock.now() + ms }],
          status: waitsForOp0,
        }
      : { status: completed('rested') }

describe('an invocation that is to start later', () => {
  it('starts at its time, and is kept for as long after it as any other', async () => {
    const world = worldOf({ orders: () => ({ status: completed('fine') }) })
    const options = { policy: policy({ retentionMs: 60_000 }) }
    const replica = await world.start({ options })
    const id = await submit(world, replica, 'orders', { delayMs: 100_000 })
    await world.clock.advance(98_000)
    expect((await flat(world, id)).map(({ kind }) => kind)).toEqual(['created'])
    await comes(world, id, 'output', 3_000)
    await world.clock.advance(55_000)
    expect(await has(world, id, 'output')).toBe(true)
    await world.clock.advance(10_000)
    expect(await world.journal(id)).toEqual([])
  })
})

describe('news for which there is no permit', () => {
  it('starts the invocation as soon as there is one', async () => {
    const busy = occupant(() => world)
    const world = worldOf({ orders: approval, stock: busy.script })
    const replica = await world.start({ options: { limits: one } })
    const id = await submit(world, replica, 'orders')
    await comes(world, id, 'suspended')
    await submit(world, replica, 'stock')
    await during(world, replica.engine.ingress.completeAwakeable(`${id}.0`, yes))
    expect((await flat(world, id)).at(-1)?.kind).toBe('completion')
    busy.leave()
    expect(await comes(world, id, 'output')).toBeLessThan(1_000)
  })

  it('is not lost with the replica that took it', async () => {
    const busy = occupant(() => world)
    const world = worldOf({ orders: approval, stock: busy.script })
    const first = await world.start({ options: { limits: one } })
    const id = await submit(world, first, 'orders')
    await comes(world, id, 'suspended')
    await submit(world, first, 'stock')
    await world.clock.advance(200_000)
    await during(world, first.engine.ingress.completeAwakeable(`${id}.0`, yes))
    first.kill()
    await world.start()
    expect(await comes(world, id, 'output')).toBeLessThan(45_000)
  })

  it('gives its permit back when it cannot be written', async () => {
    const world = worldOf({ orders: approval })
    const replica = await world.start({ options: { limits: one } })
    const id = await submit(world, replica, 'orders')
    await comes(world, id, 'suspended')
    await world.clock.advance(100)
    const { journals } = world.stores
    const append = journals.append.bind(journals)
    Object.assign(journals, { append: () => Promise.reject(new Error('no answer')) })
    const told = during(world, replica.engine.ingress.completeAwakeable(`${id}.0`, yes))
    expect(await told).toBeUndefined()
    Object.assign(journals, { append })
    const other = await submit(world, replica, 'orders')
    await comes(world, other, 'suspended', 1_000)
    expect(await has(world, id, 'completion')).toBe(false)
  })
})

describe('an invocation that is asked for again', () => {
  it('by its key has its dead attempt replaced at once', async () => {
    const world = worldOf({
      orders: ({ epoch }) => (epoch === 1 ? never : { status: completed('fine') }),
    })
    const first = await world.start()
    const id = await submit(world, first, 'orders', { key: 'k' })
    first.pause()
    const second = await world.start()
    await world.clock.advance(20_000)
    await submit(world, second, 'orders', { key: 'k' })
    expect(await comes(world, id, 'output')).toBeLessThan(10_000)
  })

  it('by two callers tells both', async () => {
    const callsOnce: Script = calling('stock', 'k')
    const world = worldOf({
      orders: callsOnce,
      stock: async () => {
        await world.clock.sleep(3_000)
        return { status: completed('reserved') }
      },
    })
    const first = await world.start()
    const second = await world.start()
    const ids = [await submit(world, first, 'orders'), await submit(world, second, 'orders')]
    for (const id of ids) await comes(world, id, 'output', 10_000)
    const late = await submit(world, second, 'orders')
    expect(await comes(world, late, 'output')).toBeLessThan(1_000)
    expect(world.invoker.started.filter(({ target }) => target.service === 'stock')).toHaveLength(1)
  })
})

describe('a request without a key', () => {
  it('leaves no journal where it could not be put on the agenda', async () => {
    const world = worldOf({ orders: () => ({ status: completed('fine') }) })
    const replica = await world.start()
    Object.assign(world.stores.agenda, { put: () => Promise.reject(new Error('no answer')) })
    const created: InvocationId[] = []
    const { journals } = world.stores
    const append = journals.append.bind(journals)
    Object.assign(journals, {
      append: (...args: Parameters<typeof append>) => {
        created.push(args[0])
        return append(...args)
      },
    })
    await during(world, replica.engine.ingress.submit(submission('orders')), 2_000)
    expect(created).toEqual([])
    void replica.engine.ingress.submit(submission('orders', { key: 'k' })).catch(() => undefined)
    await world.clock.advance(100)
    expect(created.length).toBeGreaterThan(0)
  })
})

describe('an invocation that falls asleep', () => {
  it('is watched until its next look is on the agenda', async () => {
    const world = worldOf({ orders: sleeps(() => world, 250_000) })
    const { agenda } = world.stores
    const put = agenda.put.bind(agenda)
    Object.assign(agenda, {
      put: async (...[item, expires]: Parameters<typeof put>) => {
        if (item.entries.some(({ kind }) => kind === 'timer')) throw new Error('no answer')
        return put(item, expires)
      },
    })
    const first = await world.start()
    const id = await submit(world, first, 'orders')
    await comes(world, id, 'suspended')
    await world.clock.advance(20_000)
    first.kill()
    Object.assign(agenda, { put })
    await world.start()
    const leftMs = 230_000
    expect(await comes(world, id, 'output', leftMs + 45_000)).toBeLessThan(leftMs + 1_000)
  })

  it('wakes at its time although its journal is stamped anew before', async () => {
    const world = worldOf({ orders: sleeps(() => world, 80_000) })
    const options = { policy: policy({ retentionMs: 100_000 }) }
    const replica = await world.start({ options })
    const id = await submit(world, replica, 'orders')
    const tookMs = await comes(world, id, 'output')
    expect(tookMs).toBeGreaterThan(79_000)
    expect(tookMs).toBeLessThan(81_000)
  })

  it('is looked at once per half retention, however often it waited before', async () => {
    const waits: Script = ({ epoch }) => ({
      entries: [
        { kind: 'awakeable', op: 2 * epoch },
        { kind: 'sleep', op: 2 * epoch + 1, wakeAt: world.clock.now() + 20_000 },
      ],
      status: {
        kind: 'suspended',
        waitingOn: {
          kind: epoch < 5 ? 'race' : 'all',
          of: [
            { kind: 'op', op: 2 * epoch },
            { kind: 'op', op: 2 * epoch + 1 },
          ],
        },
      },
    })
    const world = worldOf({ orders: waits })
    const options = { policy: policy({ retentionMs: 200_000 }) }
    const replica = await world.start({ options })
    const id = await submit(world, replica, 'orders')
    for (let epoch = 1; epoch < 5; epoch++) {
      await comes(world, id, 'suspended')
      await world.clock.advance(1_000)
      await during(world, replica.engine.ingress.completeAwakeable(`${id}.${2 * epoch}`, yes))
    }
    await until(world.clock, () => world.invoker.started.length === 5)
    await world.clock.advance(320_000)
    const { journals } = world.stores
    const load = journals.load.bind(journals)
    let loads = 0
    Object.assign(journals, {
      load: (...args: Parameters<typeof load>) => {
        loads++
        return load(...args)
      },
    })
    await world.clock.advance(400_000)
    expect(loads).toBe(4)
  })
})

describe('effects', () => {
  it('that are not carried out yet are not said to be, whatever else is written', async () => {
    const world = worldOf({
      orders: ({ epoch }) =>
        epoch === 1
          ? { entries: [{ kind: 'awakeable', op: 0 }, send(1, 'mail')], status: waitsForOp0 }
          : never,
      mail: () => ({ status: completed('sent') }),
    })
    const first = await world.start()
    const { journals } = world.stores
    const append = journals.append.bind(journals)
    Object.assign(journals, {
      append: async (...[id, ...rest]: Parameters<typeof append>) => {
        if (id.startsWith('mail')) throw new Error('no answer')
        return append(id, ...rest)
      },
    })
    const id = await submit(world, first, 'orders')
    await comes(world, id, 'suspended')
    await during(world, first.engine.ingress.completeAwakeable(`${id}.0`, yes))
    first.kill()
    Object.assign(journals, { append })
    await world.start()
    expect(await comes(world, childInvocationId('mail', id, 1), 'output')).toBeLessThan(45_000)
  })
})

describe('who attaches to an invocation', () => {
  it('is told its outcome at the moment in which it ends', async () => {
    const world = worldOf({
      orders: async () => {
        await world.clock.sleep(9_100)
        return { status: completed('fine') }
      },
    })
    const replica = await world.start()
    const id = await submit(world, replica, 'orders')
    let told = 0
    void replica.engine.ingress.attach(id, new AbortController().signal).then(() => {
      told = world.clock.now()
    })
    await comes(world, id, 'output')
    const endedAt = world.clock.now()
    await until(world.clock, () => told > 0)
    expect(told).toBeLessThanOrEqual(endedAt + 10)
  })
})

describe('an attempt', () => {
  it('whose handler appended before it replied is decided by its reply', async () => {
    const world = worldOf({
      orders: async ({ journal, epoch }, writer) => {
        const [first] = journal
        if (first === undefined) return { status: completed('no journal') }
        const { invocation } = world.invoker.started[0] ?? { invocation: undefined }
        if (invocation === undefined) return { status: completed('no id') }
        const at = { n: 1, epoch, by: 'handler', writer, at: world.clock.now() } as const
        const segment = { ...first, ...at, entries: [{ kind: 'alive' as const }] }
        await world.stores.journals.append(invocation, segment, Number.MAX_SAFE_INTEGER)
        return { base: 1, status: completed('fine') }
      },
    })
    const replica = await world.start()
    const id = await submit(world, replica, 'orders')
    expect(await comes(world, id, 'output')).toBeLessThan(1_000)
  })

  it('that runs into its time is over then, and is tried again', async () => {
    const world = worldOf({
      orders: ({ epoch }) => (epoch === 1 ? never : { status: completed('fine') }),
    })
    const options = { policy: policy({ timeoutMs: 20_000 }) }
    const replica = await world.start({ options })
    const id = await submit(world, replica, 'orders')
    const tookMs = await comes(world, id, 'output')
    expect(tookMs).toBeGreaterThan(20_000)
    expect(tookMs).toBeLessThan(24_000)
    expect(await flat(world, id)).toContainEqual(
      expect.objectContaining({
        kind: 'attempt-failed',
        failure: expect.objectContaining({ code: 'function-timed-out' }),
      }),
    )
  })

  it('that is throttled lets fewer run at once', async () => {
    let running = 0
    let peak = 0
    const world = worldOf({
      orders: async () => {
        running += 1
        peak = Math.max(peak, running)
        await world.clock.sleep(10_000)
        running -= 1
        return { status: completed('fine') }
      },
    })
    const replica = await world.start()
    world.invoker.inject({ kind: 'throttle' }, 1)
    for (let n = 0; n < 8; n++) await submit(world, replica, 'orders')
    expect(peak).toBeLessThan(4)
    await until(world.clock, () => epochs(world.invoker.started).length === 8)
    expect(new Set(epochs(world.invoker.started))).toEqual(new Set([1]))
  })
})

describe('an outage of the table', () => {
  it('is waited for, and what was under way goes on right after it', async () => {
    const world = worldOf({
      orders: async () => {
        await world.clock.sleep(1_000)
        return { status: completed('fine') }
      },
    })
    const replica = await world.start()
    const id = await submit(world, replica, 'orders')
    const { journals } = world.stores
    const append = journals.append.bind(journals)
    Object.assign(journals, { append: () => Promise.reject(new Error('no answer')) })
    await world.clock.advance(10_000)
    Object.assign(journals, { append })
    expect(await comes(world, id, 'output')).toBeLessThan(5_100)
    expect(world.invoker.started).toHaveLength(1)
  })
})

describe('an invocation that has begun', () => {
  it('stays on its deployment, and each attempt says until when it may last', async () => {
    const newer = 'arn:aws:lambda:eu-west-1:000000000000:function:f:2'
    const world = worldOf({ orders: approval })
    const options = { policy: policy({ timeoutMs: 60_000 }) }
    const replica = await world.start({ options })
    const id = await submit(world, replica, 'orders')
    await comes(world, id, 'suspended')
    await world.clock.advance(1_000)
    world.functions.set(newer, scripted({ orders: () => ({ status: completed('newer') }) }))
    await during(world, replica.engine.admin.register(newer))
    await during(world, replica.engine.ingress.completeAwakeable(`${id}.0`, yes))
    await comes(world, id, 'output')
    expect((await flat(world, id)).at(-1)).toMatchObject({
      result: { value: { json: 'approved' } },
    })
    const [first] = await world.journal(id)
    expect(first?.entries[1]).toMatchObject({
      kind: 'attempt',
      deadline: (first?.at ?? 0) + 60_000,
    })
  })
})
