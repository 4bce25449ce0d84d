/** What operators do to single invocations, in every state that these may be in. */
import type { Entry, InvocationId } from '@fermata/lambda-runtime/protocol'
import { childInvocationId } from '@fermata/lambda-runtime/protocol'
import { describe, expect, it } from 'vitest'
import { asked, cancelled, outcomeOf, refusal, wait } from './control-scenes.ts'
import {
  call,
  comes,
  during,
  flat,
  has,
  never,
  policy,
  send,
  submit,
  waitsForOp0,
  worldOf,
} from './scenes.ts'
import { completed, type Script, scripted, until } from './world.ts'

const sleeping: Script = ({ epoch, journal }) => {
  if (asked(journal)) return cancelled(1)
  const sleep: Entry = { kind: 'sleep', op: 0, wakeAt: Number.MAX_SAFE_INTEGER }
  return epoch === 1 ? { entries: [sleep], status: waitsForOp0 } : { status: waitsForOp0 }
}

/** Calls `child`, and once it is cancelled calls `refund` to make up for it. */
const parent: Script = ({ epoch, journal }) => {
  const entries = journal.flatMap((segment) => segment.entries)
  if (entries.some(({ kind }) => kind === 'cancelled')) {
    const isBack = entries.some((entry) => entry.kind === 'completion' && entry.op === 1)
    return { status: isBack ? completed('made up for') : wait(1) }
  }
  if (asked(journal)) {
    return { entries: [...(cancelled(1).entries ?? []), call(1, 'refund')], status: wait(1) }
  }
  return epoch === 1
    ? { entries: [call(0, 'child')], status: waitsForOp0 }
    : { status: waitsForOp0 }
}

const services = {
  sleeper: sleeping,
  parent,
  child: sleeping,
  refund: () => ({ status: completed('refunded') }),
  brief: () => ({ status: completed('done') }),
} satisfies Record<string, Script>

const childOf = (id: InvocationId) => childInvocationId('child', id, 0)

describe('cancelling', () => {
  it('resumes a suspended handler, which gets the error and ends', async () => {
    const world = worldOf(services)
    const { engine, ...replica } = await world.start()
    const id = await submit(world, { engine, ...replica }, 'sleeper')
    await comes(world, id, 'suspended')
    await during(world, engine.admin.cancel(id, 'too late'))
    await comes(world, id, 'output', 2_000)

    expect(await outcomeOf(world, id)).toMatchObject({ failure: { code: 'cancelled' } })
    const view = await during(world, engine.admin.invocation(id))
    expect(view).toMatchObject({ status: 'cancelled', cancelling: false, waits: [] })
    expect(await during(world, refusal(engine.admin.cancel(id, undefined)))).toBeUndefined()
  })

  it('reaches what it called, and not what it calls to make up for it', async () => {
    const world = worldOf(services)
    const replica = await world.start()
    const id = await submit(world, replica, 'parent')
    await comes(world, childOf(id), 'suspended')
    await during(world, replica.engine.admin.cancel(id, undefined))
    await comes(world, id, 'output')

    expect(await outcomeOf(world, id)).toMatchObject({ value: { json: 'made up for' } })
    await comes(world, childOf(id), 'output')
    expect(await outcomeOf(world, childOf(id))).toMatchObject({ failure: { code: 'cancelled' } })
    const refund = childInvocationId('refund', id, 1)
    expect(await outcomeOf(world, refund)).toMatchObject({ value: { json: 'refunded' } })
    expect((await replica.engine.admin.invocation(id)).status).toBe('completed')
  })

  it('ends one that is delayed, without an attempt', async () => {
    const world = worldOf(services)
    const replica = await world.start()
    const id = await submit(world, replica, 'brief', { delayMs: 30_000 })
    await during(world, replica.engine.admin.cancel(id, undefined))

    expect(await outcomeOf(world, id)).toMatchObject({ failure: { code: 'cancelled' } })
    await world.clock.advance(40_000)
    expect(await has(world, id, 'attempt')).toBe(false)
  })

  it('ends one that waits for a permit, without an attempt', async () => {
    const world = worldOf({ ...services, slow: () => never })
    const limits = { running: 1, perFunction: 1, queued: 1_000 }
    const replica = await world.start({ options: { limits } })
    await submit(world, replica, 'slow')
    const id = await submit(world, replica, 'brief')
    await during(world, replica.engine.admin.cancel(id, undefined))

    expect(await outcomeOf(world, id)).toMatchObject({ failure: { code: 'cancelled' } })
    expect(await has(world, id, 'attempt')).toBe(false)
  })

  it('does not wait for the next try of one that failed, and then only once', async () => {
    const tries: number[] = []
    const failing: Script = ({ epoch }) => {
      tries.push(epoch)
      return { status: { kind: 'retry', failure: { code: 'x', message: 'x' } } }
    }
    const world = worldOf({ failing })
    const replica = await world.start()
    const id = await submit(world, replica, 'failing')
    await until(world.clock, () => tries.length === 3)
    const before = tries.length
    await world.clock.advance(20)
    await during(world, replica.engine.admin.cancel(id, undefined), 50)
    expect(tries.length).toBe(before + 1)
    await world.clock.advance(300)
    expect(tries.length).toBe(before + 1)
  })

  it('resumes one that is paused', async () => {
    const world = worldOf(services)
    const replica = await world.start()
    const id = await submit(world, replica, 'sleeper')
    await comes(world, id, 'suspended')
    await during(world, replica.engine.admin.pause(id, undefined))
    await during(world, replica.engine.admin.cancel(id, undefined))
    await comes(world, id, 'output', 2_000)
    expect(await outcomeOf(world, id)).toMatchObject({ failure: { code: 'cancelled' } })
  })

  it('is told to a handler that runs, and counts when that suspends', async () => {
    const world = worldOf({
      busy: async (request) => {
        if (asked(request.journal)) return cancelled(1)
        await world.clock.sleep(1_000)
        const sleep: Entry = { kind: 'sleep', op: 0, wakeAt: Number.MAX_SAFE_INTEGER }
        return { entries: [sleep], status: waitsForOp0 }
      },
    })
    const replica = await world.start()
    const id = await submit(world, replica, 'busy')
    await during(world, replica.engine.admin.cancel(id, undefined))
    await comes(world, id, 'output', 3_000)
    expect((await flat(world, id)).filter(({ kind }) => kind === 'attempt')).toHaveLength(2)
  })
})

describe('killing', () => {
  it('ends a suspended one and what it called, and tells who called it', async () => {
    const grandparent: Script = ({ epoch, journal }) => {
      if (epoch === 1) return { entries: [call(0, 'parent')], status: waitsForOp0 }
      const news = journal
        .flatMap(({ entries }) => entries)
        .find(({ kind }) => kind === 'completion')
      return { status: completed(JSON.stringify(news)) }
    }
    const world = worldOf({ ...services, grandparent })
    const replica = await world.start()
    const id = await submit(world, replica, 'grandparent')
    const killed = childInvocationId('parent', id, 0)
    await comes(world, childOf(killed), 'suspended')
    await during(world, replica.engine.admin.kill(killed, 'it loops'))
    await comes(world, id, 'output', 2_000)

    const failure = { code: 'killed', message: 'it loops' }
    expect(await outcomeOf(world, killed)).toMatchObject({ failure })
    expect(JSON.stringify(await outcomeOf(world, id))).toContain('it loops')
    await comes(world, childOf(killed), 'output', 2_000)
    expect(await outcomeOf(world, childOf(killed))).toMatchObject({ failure: { code: 'killed' } })
    expect((await replica.engine.admin.invocation(killed)).status).toBe('killed')
  })

  it('does not wait for a handler that runs, whose answer is refused', async () => {
    const world = worldOf({
      stuck: async () => {
        await world.clock.sleep(60_000)
        return { entries: [send(0, 'brief')], status: completed('late') }
      },
      brief: services.brief,
    })
    const replica = await world.start()
    const id = await submit(world, replica, 'stuck')
    const answer = replica.engine.ingress.attach(id, new AbortController().signal)
    await during(world, replica.engine.admin.kill(id, undefined))

    expect(await during(world, answer, 3_000)).toMatchObject({ failure: { code: 'killed' } })
    await world.clock.advance(70_000)
    expect(await has(world, id, 'send')).toBe(false)
    expect(await world.journal(childInvocationId('brief', id, 0))).toEqual([])
  })

  it('is refused for what has ended, or is not there', async () => {
    const world = worldOf(services)
    const { engine, ...replica } = await world.start()
    const id = await submit(world, { engine, ...replica }, 'brief')
    await comes(world, id, 'output')
    const { admin } = engine
    expect(await during(world, refusal(admin.kill(id, undefined)))).toBe('invocation-closed')
    expect(await during(world, refusal(admin.cancel(id, undefined)))).toBe('invocation-closed')
    expect(await during(world, refusal(admin.pause(id, undefined)))).toBe('invocation-closed')
    const nobody = childOf(id)
    expect(await during(world, refusal(admin.kill(nobody, undefined)))).toBe('invocation-not-found')
  })
})

describe('pausing', () => {
  const napping: Script = ({ epoch, journal }) => {
    if (epoch > 1) return { status: completed('woken') }
    const at = (journal[0]?.at ?? 0) + 10_000
    return { entries: [{ kind: 'sleep', op: 0, wakeAt: at }], status: waitsForOp0 }
  }

  it('keeps a sleeper from waking, for longer than its retention, until it is resumed', async () => {
    const world = worldOf({ napping })
    const replica = await world.start({ options: { policy: policy({ retentionMs: 40_000 }) } })
    const id = await submit(world, replica, 'napping')
    await comes(world, id, 'suspended')
    await during(world, replica.engine.admin.pause(id, 'maintenance'))
    await world.clock.advance(150_000)

    expect(await during(world, replica.engine.admin.invocation(id))).toMatchObject({
      status: 'paused',
      failure: { code: 'paused-by-request', message: 'maintenance' },
    })
    await during(world, replica.engine.admin.resume(id))
    await comes(world, id, 'output', 2_000)
    expect(await outcomeOf(world, id)).toMatchObject({ value: { json: 'woken' } })
  })

  it('gives a running attempt up; resumed at once, the next one goes on within seconds', async () => {
    const world = worldOf({
      stuck: async ({ epoch }) => {
        if (epoch === 1) await world.clock.sleep(600_000)
        return { status: completed(epoch) }
      },
    })
    const replica = await world.start()
    const id = await submit(world, replica, 'stuck')
    await world.clock.advance(500)
    await during(world, replica.engine.admin.pause(id, undefined))
    await during(world, replica.engine.admin.resume(id))
    await comes(world, id, 'output', 5_000)
    expect(await outcomeOf(world, id)).toMatchObject({ value: { json: 2 } })
  })

  it('can be ended on another deployment, on which it stays', async () => {
    const world = worldOf({
      orders: () => ({ status: { kind: 'paused', failure: { code: 'x', message: 'bug' } } }),
    })
    const fixed = 'arn:aws:lambda:eu-west-1:000000000000:function:f:2'
    const other = 'arn:aws:lambda:eu-west-1:000000000000:function:g:1'
    const { engine, ...replica } = await world.start()
    const id = await submit(world, { engine, ...replica }, 'orders')
    await comes(world, id, 'paused')
    world.functions.set(fixed, scripted({ orders: () => ({ status: completed('fixed') }) }))
    world.functions.set(other, scripted({ brief: services.brief }))
    const newer = await during(world, engine.admin.register(fixed))
    const useless = await during(world, engine.admin.register(other))
    const resume = (deployment: string | undefined) =>
      during(world, refusal(engine.admin.resume(id, { deployment })))

    expect(await resume('dp_unknown')).toBe('deployment-not-found')
    expect(await resume(useless?.id)).toBe('handler-not-found')
    expect(await resume(newer?.id)).toBeUndefined()
    await comes(world, id, 'output', 2_000)
    expect(await outcomeOf(world, id)).toMatchObject({ value: { json: 'fixed' } })
    expect((await engine.admin.invocation(id)).deployment).toBe(newer?.id)
    expect(await resume(undefined)).toBe('invocation-not-paused')
  })
})

describe('an awakeable that is completed twice', () => {
  it('answers whoever asks again with his key like the first time, and nobody else', async () => {
    const waits: Script = ({ epoch }) =>
      epoch === 1
        ? { entries: [{ kind: 'awakeable', op: 0 }], status: waitsForOp0 }
        : { status: completed('done') }
    const world = worldOf({ waits })
    const replica = await world.start()
    const id = await submit(world, replica, 'waits')
    await comes(world, id, 'suspended')
    const complete = (key?: string) => {
      const { ingress } = replica.engine
      const outcome = { kind: 'value', value: { json: 1 } } as const
      return during(world, refusal(ingress.completeAwakeable(`${id}.0`, outcome, key)))
    }
    expect(await complete('mine')).toBeUndefined()
    expect(await complete('mine')).toBeUndefined()
    await comes(world, id, 'output')
    expect(await complete('mine')).toBeUndefined()
    expect(await complete('yours')).toBe('awakeable-completed')
    expect(await complete()).toBe('awakeable-completed')
  })
})
