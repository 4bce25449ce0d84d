import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { childInvocationId } from '@fermata/lambda-runtime/protocol'
import { describe, expect, it } from 'vitest'
import { calling, epochs, submission, worldOf } from './scenes.ts'
import { completed, type Replica, until, type World } from './world.ts'

/** Submits while simulated time goes on. */
async function submitted(world: World, replica: Replica, service: string, key?: string) {
  const pending = replica.engine.ingress.submit(
    submission(service, key === undefined ? {} : { key }),
  )
  let answer: Awaited<typeof pending> | undefined
  void pending.then((value) => {
    answer = value
  })
  await until(world.clock, () => answer !== undefined)
  return pending
}

async function closed(world: World, id: InvocationId, withinMs?: number): Promise<number> {
  return until(
    world.clock,
    async () => (await kinds(world, id)).flat().includes('output'),
    withinMs,
  )
}

async function kinds(world: World, id: InvocationId): Promise<string[][]> {
  const segments = await world.journal(id)
  return segments.map(({ entries }) => entries.map(({ kind }) => kind))
}

describe('an invocation', () => {
  it('with one step is two appends and one function call', async () => {
    const world = worldOf({ orders: () => ({ status: completed('fine') }) })
    const replica = await world.start()
    const { invocationId } = await submitted(world, replica, 'orders')
    await closed(world, invocationId)
    expect(await kinds(world, invocationId)).toEqual([['created', 'attempt'], ['output']])
    expect(world.invoker.started).toHaveLength(1)
  })

  it('sleeps, and is called again when its time has come', async () => {
    const world = worldOf({
      orders: ({ epoch }) =>
        epoch === 1
          ? {
              entries: [{ kind: 'sleep', op: 0, wakeAt: world.clock.now() + 60_000 }],
              status: { kind: 'suspended', waitingOn: { kind: 'op', op: 0 } },
            }
          : { status: completed('rested') },
    })
    const replica = await world.start()
    const { invocationId } = await submitted(world, replica, 'orders')
    const tookMs = await closed(world, invocationId)
    expect(await kinds(world, invocationId)).toEqual([
      ['created', 'attempt'],
      ['sleep', 'suspended'],
      ['completion', 'attempt'],
      ['output'],
    ])
    expect(tookMs).toBeGreaterThanOrEqual(59_900)
    expect(tookMs).toBeLessThan(60_500)
  })

  it('calls another, and goes on with its result', async () => {
    const world = worldOf({
      orders: calling('stock'),
      stock: () => ({ status: completed('reserved') }),
    })
    const replica = await world.start()
    const { invocationId } = await submitted(world, replica, 'orders')
    await closed(world, invocationId)
    const [, , third] = await world.journal(invocationId)
    expect(third?.entries[0]).toEqual({
      kind: 'completion',
      op: 0,
      result: { kind: 'value', value: { json: 'reserved' } },
    })
    const child = childInvocationId('stock', invocationId, 0)
    expect(await kinds(world, child)).toEqual([['created', 'attempt'], ['output']])
    expect(world.invoker.started).toHaveLength(3)
  })

  it('is told when it calls what nobody serves', async () => {
    const world = worldOf({
      orders: ({ epoch }) =>
        epoch === 1
          ? {
              entries: [
                {
                  kind: 'call',
                  op: 0,
                  target: { service: 'nobody', handler: 'process' },
                  input: { json: 2 },
                },
              ],
              status: { kind: 'suspended', waitingOn: { kind: 'op', op: 0 } },
            }
          : { status: completed('told') },
    })
    const replica = await world.start()
    const { invocationId } = await submitted(world, replica, 'orders')
    await closed(world, invocationId)
    const [, , third] = await world.journal(invocationId)
    expect(third?.entries[0]).toMatchObject({
      kind: 'completion',
      result: { kind: 'failure', failure: { code: 'handler-not-found' } },
    })
  })

  it('is tried again by policy, then paused, and resumed by a person', async () => {
    let broken = true
    const failure = { code: 'oops', message: 'no luck' }
    const world = worldOf({
      orders: () =>
        broken ? { status: { kind: 'retry', failure } } : { status: completed('fine') },
    })
    const replica = await world.start()
    const { invocationId } = await submitted(world, replica, 'orders')
    await until(world.clock, async () =>
      (await kinds(world, invocationId)).flat().includes('paused'),
    )
    expect(epochs(world.invoker.started)).toEqual([1, 2, 3, 4, 5])
    broken = false
    void replica.engine.admin.resume(invocationId)
    await closed(world, invocationId)
    expect((await replica.engine.admin.invocation(invocationId)).status).toBe('completed')
  })

  it('is one for one idempotency key', async () => {
    const world = worldOf({ orders: () => ({ status: completed('fine') }) })
    const replica = await world.start()
    const first = await submitted(world, replica, 'orders', 'k')
    const second = await submitted(world, replica, 'orders', 'k')
    expect(second).toEqual({ ...first, status: 'previously_accepted' })
    expect(first.status).toBe('accepted')
    await closed(world, first.invocationId)
    expect(world.invoker.started).toHaveLength(1)
  })

  it('that is throttled waits, and uses up no attempt', async () => {
    const world = worldOf({ orders: () => ({ status: completed('fine') }) })
    const replica = await world.start()
    world.invoker.inject({ kind: 'throttle' }, 5)
    const { invocationId } = await submitted(world, replica, 'orders')
    await closed(world, invocationId)
    expect(await kinds(world, invocationId)).toEqual([['created', 'attempt'], ['output']])
  })

  it('goes on when its reply was lost, by a new attempt after the tail stood still', async () => {
    const world = worldOf({ orders: () => ({ status: completed('fine') }) })
    const replica = await world.start()
    world.invoker.inject({ kind: 'drop-reply' })
    const { invocationId } = await submitted(world, replica, 'orders')
    expect(await closed(world, invocationId)).toBeLessThan(8_000)
    expect(epochs(world.invoker.started)).toEqual([1, 2])
  })

  it('counts an attempt that was lost and left no trace, so that what kills its server is not tried for ever', async () => {
    const world = worldOf({ orders: () => ({ status: completed('fine') }) })
    const replica = await world.start()
    world.invoker.inject({ kind: 'drop-reply' }, 1_000)
    const { invocationId } = await submitted(world, replica, 'orders')

    await until(world.clock, async () =>
      (await kinds(world, invocationId)).flat().includes('paused'),
    )

    expect(epochs(world.invoker.started)).toEqual([1, 2, 3, 4, 5])
    const { status, failure } = await replica.engine.admin.invocation(invocationId)
    expect({ status, failure }).toMatchObject({
      status: 'paused',
      failure: { code: 'invoke-lost' },
    })
  })

  it('counts no attempt that a replica adopted: nobody saw it fail', async () => {
    let begun = 0
    const world = worldOf({
      orders: async () => {
        begun += 1
        if (begun < 8) await new Promise(() => undefined)
        return { status: completed('fine') }
      },
    })
    let replica = await world.start()
    const { invocationId } = await submitted(world, replica, 'orders')
    for (let deaths = 1; deaths < 8; deaths += 1) {
      await until(world.clock, () => begun === deaths)
      const next = await world.start()
      replica.kill()
      replica = next
    }
    await closed(world, invocationId)
    expect((await kinds(world, invocationId)).flat()).not.toContain('attempt-failed')
  })
})

describe('a replica that is killed', () => {
  it('has its work taken over within ten seconds', async () => {
    const world = worldOf({
      orders: async ({ epoch }) => {
        if (epoch === 1) await new Promise(() => undefined)
        return { status: completed('fine') }
      },
    })
    const first = await world.start()
    const { invocationId } = await submitted(world, first, 'orders')
    await world.start()
    await world.clock.advance(2_000)
    first.kill()
    expect(await closed(world, invocationId)).toBeLessThan(10_000)
  })
})
