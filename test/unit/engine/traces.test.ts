/** Interleavings that a naive engine gets wrong, by the numbers of the list in docs/invariants.md. */
import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { childInvocationId } from '@fermata/lambda-runtime/protocol'
import { describe, expect, it } from 'vitest'
import {
  approval,
  calling,
  during,
  flat,
  forgotten,
  has,
  submission,
  submit,
  waitsForOp0,
  worldOf,
  yes,
} from './scenes.ts'
import { completed, createWorld, until } from './world.ts'

describe('trace 1: news on nobody’s agenda', () => {
  it.each(['append.before', 'append.after', 'agenda.after-flush'] as const)(
    'a replica that brings the news of an awakeable and dies at %s leaves nobody waiting',
    async (point) => {
      const world = worldOf({ orders: approval })
      let armed = false
      const bringer = await world.start({
        onFault(at, _subject, self) {
          if (armed && at === point) self().kill()
        },
      })
      const id = await submit(world, bringer, 'orders')
      await until(world.clock, () => has(world, id, 'suspended'))
      await world.start()
      await forgotten(world)
      armed = true
      await during(world, bringer.engine.ingress.completeAwakeable(`${id}.0`, yes), 1_000)
      bringer.kill()
      if (!(await has(world, id, 'completion'))) return expect(point).not.toBe('append.after')
      expect(await until(world.clock, () => has(world, id, 'output'))).toBeLessThan(45_000)
    },
  )

  it('news that was written by a replica that died is guarded by whoever finds it there', async () => {
    const world = worldOf({ orders: approval })
    let armed = false
    const first = await world.start({
      onFault(at, _subject, self) {
        if (armed && at === 'append.after') self().kill()
      },
    })
    const id = await submit(world, first, 'orders')
    await until(world.clock, () => has(world, id, 'suspended'))
    const second = await world.start()
    await forgotten(world)
    armed = true
    await during(world, first.engine.ingress.completeAwakeable(`${id}.0`, yes), 500)
    await during(world, second.engine.ingress.completeAwakeable(`${id}.0`, yes), 500)
    expect(await until(world.clock, () => has(world, id, 'output'))).toBeLessThan(45_000)
    const attempts = (await flat(world, id)).filter(({ kind }) => kind === 'attempt')
    expect(attempts.length).toBeGreaterThanOrEqual(2)
  })
})

describe('trace 8: effects have a watermark', () => {
  it('a child that has long expired is not created again by the recovery of its parent', async () => {
    const mails: InvocationId[] = []
    const world = worldOf({
      orders: ({ epoch }) =>
        epoch === 1
          ? {
              entries: [
                {
                  kind: 'send',
                  op: 0,
                  target: { service: 'mail', handler: 'process' },
                  input: { json: 1 },
                },
                { kind: 'sleep', op: 1, wakeAt: world.clock.now() + 400_000 },
              ],
              status: { kind: 'suspended', waitingOn: { kind: 'op', op: 1 } },
            }
          : { status: completed('done') },
      mail: ({ invocation }) => {
        mails.push(invocation)
        return { status: completed('sent') }
      },
    })
    const retention = {
      retry: {
        initialDelayMs: 100,
        factor: 2,
        maxDelayMs: 1_000,
        maxAttempts: 5,
        maxDurationMs: 1e9,
        jitter: 0,
        onExhaustion: 'pause' as const,
      },
      timeoutMs: 60_000,
      retentionMs: 60_000,
      private: false,
    }
    const first = await world.start({ options: { policy: retention } })
    const id = await submit(world, first, 'orders')
    await until(world.clock, () => has(world, id, 'suspended'))
    await until(world.clock, () => mails.length === 1)
    await world.clock.advance(150_000)
    expect(await world.journal(childInvocationId('mail', id, 0))).toEqual([])
    first.kill()
    await world.start({ options: { policy: retention } })
    await until(world.clock, () => has(world, id, 'output'), 400_000, 5_000)
    expect(mails).toHaveLength(1)
  })
})

describe('trace 7: what is open does not expire', () => {
  it('an invocation that waits for many times its retention still has its journal', async () => {
    const world = worldOf({ orders: approval })
    const policy = {
      retry: {
        initialDelayMs: 100,
        factor: 2,
        maxDelayMs: 1_000,
        maxAttempts: 5,
        maxDurationMs: 1e9,
        jitter: 0,
        onExhaustion: 'pause' as const,
      },
      timeoutMs: 60_000,
      retentionMs: 60_000,
      private: false,
    }
    const replica = await world.start({ options: { policy } })
    const id = await submit(world, replica, 'orders')
    await until(world.clock, () => has(world, id, 'suspended'))
    await world.clock.advance(400_000)
    await during(world, replica.engine.ingress.completeAwakeable(`${id}.0`, yes))
    await until(world.clock, () => has(world, id, 'output'))
    expect(await has(world, id, 'output')).toBe(true)
    await world.clock.advance(61_000)
    expect(await world.journal(id)).toEqual([])
  })
})

describe('trace 10: attempts without capacity', () => {
  it('a hundred timers due at once at concurrency five: two attempts each, never more at once', async () => {
    let running = 0
    let peak = 0
    const wakeAt = createWorld().clock.now() + 30_000
    const world = worldOf({
      orders: async ({ epoch }) => {
        running += 1
        peak = Math.max(peak, running)
        await world.clock.sleep(200)
        running -= 1
        return epoch === 1
          ? { entries: [{ kind: 'sleep', op: 0, wakeAt }], status: waitsForOp0 }
          : { status: completed('rested') }
      },
    })
    const limits = { running: 5, perFunction: 5, queued: 1_000 }
    const replica = await world.start({ options: { limits } })
    const ids: InvocationId[] = []
    for (let n = 0; n < 100; n++) ids.push(await submit(world, replica, 'orders'))
    await until(
      world.clock,
      async () => (await Promise.all(ids.map((id) => has(world, id, 'output')))).every(Boolean),
      120_000,
      1_000,
    )
    const attempts = await Promise.all(
      ids.map(
        async (id) => (await flat(world, id)).filter(({ kind }) => kind === 'attempt').length,
      ),
    )
    expect(new Set(attempts)).toEqual(new Set([2]))
    expect(peak).toBe(5)
  })
})

describe('trace 16: a watch that was spent too early', () => {
  it('a replica that stalls between watch and append, loses its lease, appends and dies leaves nobody waiting', async () => {
    const world = worldOf({ orders: approval })
    let stall = false
    const stalled = await world.start({
      onFault(at, _subject, self) {
        if (stall && at === 'append.before') self().pause()
        if (at === 'append.after' && stall) self().kill()
      },
    })
    const id = await submit(world, stalled, 'orders')
    await until(world.clock, () => has(world, id, 'suspended'))
    await world.start()
    stall = true
    const told = stalled.engine.ingress.completeAwakeable(`${id}.0`, yes)
    told.catch(() => undefined)
    await world.clock.advance(60_000)
    stalled.resume()
    await world.clock.advance(1_000)
    // The caller was not answered, so it asks again: whoever is asked finds the news and guards it.
    const third = await world.start()
    await during(world, third.engine.ingress.completeAwakeable(`${id}.0`, yes), 1_000)
    expect(await until(world.clock, () => has(world, id, 'output'))).toBeLessThan(45_000)
  })

  it('nor does one that stalls for less than a watch, even if nobody asks again', async () => {
    const world = worldOf({ orders: approval })
    let stall = false
    const stalled = await world.start({
      onFault(at, _subject, self) {
        if (stall && at === 'append.before') self().pause()
        if (at === 'append.after' && stall) self().kill()
      },
    })
    const id = await submit(world, stalled, 'orders')
    await until(world.clock, () => has(world, id, 'suspended'))
    await world.start()
    await forgotten(world)
    stall = true
    stalled.engine.ingress.completeAwakeable(`${id}.0`, yes).catch(() => undefined)
    await world.clock.advance(15_000)
    stalled.resume()
    await world.clock.advance(1_000)
    expect(await has(world, id, 'completion')).toBe(true)
    expect(await until(world.clock, () => has(world, id, 'output'))).toBeLessThan(45_000)
  })

  it('nor one that stalls before an invocation has a journal, and that nobody asks for again', async () => {
    const world = worldOf({ orders: () => ({ status: completed('fine') }) })
    const stalled = await world.start({
      onFault(at, _subject, self) {
        if (at === 'accept.before-append') self().pause()
        if (at === 'accept.after-append') self().kill()
      },
    })
    await world.start()
    stalled.engine.ingress.submit(submission('orders')).catch(() => undefined)
    await world.clock.advance(15_000)
    stalled.resume()
    await world.clock.advance(1_000)
    const [id] = world.table.journals.keys()
    if (id === undefined) throw new Error('it has a journal')
    expect(await has(world, id, 'created')).toBe(true)
    expect(await until(world.clock, () => has(world, id, 'output'))).toBeLessThan(45_000)
  })

  it('a callee’s end reaches its caller although the replica that brings it dies right after', async () => {
    const world = worldOf({
      orders: calling('stock'),
      stock: async () => {
        await world.clock.sleep(3_000)
        return { status: completed('reserved') }
      },
    })
    let id: InvocationId | undefined
    const first = await world.start({
      onFault(at, subject, self) {
        if (at === 'append.after' && subject === id && world.clock.now() > bringsAt) self().kill()
      },
    })
    const bringsAt = world.clock.now() + 2_000
    id = await submit(world, first, 'orders')
    await world.start()
    const known = id
    expect(await until(world.clock, () => has(world, known, 'output'))).toBeLessThan(45_000)
    expect((await flat(world, id)).filter(({ kind }) => kind === 'completion')).toHaveLength(1)
  })
})

describe('trace 9: twins in one epoch', () => {
  it('of an attempt that was delivered twice one is stored, and nothing is run a third time', async () => {
    const world = worldOf({ orders: () => ({ status: completed('fine') }) })
    const replica = await world.start()
    world.invoker.inject({ kind: 'twin' })
    const id = await submit(world, replica, 'orders')
    await until(world.clock, () => has(world, id, 'output'))
    await world.clock.advance(60_000)
    expect((await flat(world, id)).map(({ kind }) => kind)).toEqual([
      'created',
      'attempt',
      'output',
    ])
  })
})
