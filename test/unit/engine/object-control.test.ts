/** What operators and others do to invocations that hold a key, or wait for it (trace 20). */
import type { Entry, InvocationId } from '@fermata/lambda-runtime/protocol'
import type { FaultPoint } from '@fermata/orchestrator/ports'
import { describe, expect, it } from 'vitest'
import { asked as askedToEnd, cancelled, outcomeOf, refusal } from './control-scenes.ts'
import { append, asked, call, list, objectWorld, resultOf, set } from './object-scenes.ts'
import { comes, during, flat, forgotten, has, waitsForOp0, yes } from './scenes.ts'
import { completed, type Replica, type Script, type World } from './world.ts'

/** Sets something, then waits; once it is cancelled it sets something else. */
const holding: Script = ({ epoch, journal }) => {
  if (askedToEnd(journal)) {
    const { entries = [], status } = cancelled(2)
    return { entries: [...entries, set(2, 'list', ['given back'])], status }
  }
  if (epoch > 1) return { status: completed('held') }
  return {
    entries: [{ kind: 'awakeable', op: 0 }, set(1, 'list', ['held'])],
    status: waitsForOp0,
  }
}

const listening: Script = ({ journal }) => {
  const words = journal.flatMap(({ entries }) => entries).filter(({ kind }) => kind === 'signal')
  return { status: completed(words.length) }
}

/** Does a step, and fails; set first, if it is told so. */
const failing: Script = ({ journal, target }) => {
  const entries = journal.flatMap((segment) => segment.entries)
  const again = entries.some((entry) => entry.kind === 'created' && entry.restartOf !== undefined)
  const isKept = entries.some(({ kind }) => kind === 'run')
  const first = target.handler === 'setAndFail' ? [set(0, 'list', ['set'])] : []
  const step: Entry = {
    kind: 'run',
    op: first.length,
    name: 'step',
    result: yes,
    at: 1,
    after: first.length + 1,
  }
  const failure = { code: 'boom', message: 'boom' }
  return {
    entries: isKept ? [] : [...first, step],
    status: again ? completed(isKept ? 'kept' : 'anew') : { kind: 'failed', failure },
  }
}

const attaching: Script = ({ epoch, journal }) => {
  const created = journal[0]?.entries[0]
  if (created?.kind !== 'created' || !('json' in created.input)) throw new Error('it was created')
  const invocation = String(created.input.json) as InvocationId
  if (epoch === 1) return { entries: [{ kind: 'attach', op: 0, invocation }], status: waitsForOp0 }
  const news = journal.flatMap(({ entries }) => entries).find(({ kind }) => kind === 'completion')
  return { status: completed(JSON.stringify(news)) }
}

const world = () =>
  objectWorld(
    {
      cart: {
        hold: ['exclusive', holding],
        add: ['exclusive', append],
        listen: ['exclusive', listening],
        fail: ['exclusive', failing],
        setAndFail: ['exclusive', failing],
        list: ['shared', list],
      },
    },
    { attacher: attaching },
  )

type Scene = {
  readonly at: World
  readonly replica: Replica
  readonly holder: InvocationId
  readonly next: InvocationId
}

/** One holds the key and waits, another waits behind it. */
async function scene(handler = 'add', options?: Parameters<World['start']>[0]): Promise<Scene> {
  const at = world()
  const replica = await at.start(options)
  const holder = await asked(at, replica, { handler: 'hold' })
  await comes(at, holder, 'suspended')
  const next = await asked(at, replica, { handler, input: 'next' })
  return { at, replica, holder, next }
}

const letGo = (at: World, { engine }: Replica, holder: InvocationId) =>
  during(at, engine.ingress.completeAwakeable(`${holder}.0`, yes))

describe('one that waits for its key', () => {
  it.each(['cancel', 'kill'] as const)('and is to be ended by a %s never begins', async (act) => {
    const { at, replica, holder, next } = await scene()
    const last = await asked(at, replica, { handler: 'add', input: 'last' })
    expect(await during(at, refusal(replica.engine.admin[act](next, 'mine')))).toBeUndefined()
    expect(await during(at, refusal(replica.engine.admin[act](next, 'mine')))).toBeUndefined()
    await letGo(at, replica, holder)

    const code = act === 'kill' ? 'killed' : 'cancelled'
    expect(await resultOf(at, replica, next)).toBe(code)
    expect(await has(at, next, 'attempt')).toBe(false)
    expect((await replica.engine.admin.invocation(next)).status).toBe(code)
    expect(await resultOf(at, replica, last)).toBe(2)
    expect(await call(at, replica, { handler: 'list' })).toEqual(['held', 'last'])
  })

  it('keeps the signals that come meanwhile', async () => {
    const { at, replica, holder, next } = await scene('listen')
    const signal = { name: 'word', value: { json: 1 }, signalId: 'a' }
    for (const signalId of ['a', 'a', 'b']) {
      await during(at, replica.engine.ingress.signal(next, { ...signal, signalId }))
    }
    await letGo(at, replica, holder)
    expect(await resultOf(at, replica, next)).toBe(2)
  })

  it('tells its output to a handler that attached to it meanwhile', async () => {
    const { at, replica, holder, next } = await scene()
    const submitted = replica.engine.ingress.submit({
      target: { service: 'attacher', handler: 'process' },
      input: { json: next },
      headers: {},
      idempotencyKey: undefined,
      delayMs: undefined,
    })
    const attacher = (await during(at, submitted))?.invocationId ?? holder
    await comes(at, attacher, 'suspended')
    await letGo(at, replica, holder)
    await comes(at, attacher, 'output')
    expect(JSON.stringify(await outcomeOf(at, attacher))).toContain('\\"json\\":2')
  })

  it('cannot be paused, and is neither restarted nor purged', async () => {
    const { at, replica, next } = await scene()
    const { admin } = replica.engine
    const options = { from: undefined, idempotencyKey: undefined }
    expect(await during(at, refusal(admin.pause(next, undefined)))).toBe('invocation-queued')
    expect(await during(at, refusal(admin.restart(next, options)))).toBe('invocation-not-closed')
    expect(await during(at, refusal(admin.purge(next)))).toBe('invocation-not-closed')
  })

  it('ends at once where it was to start later, too', async () => {
    const at = world()
    const replica = await at.start()
    const id = await asked(at, replica, { handler: 'add', delayMs: 60_000 })
    await during(at, replica.engine.admin.cancel(id, undefined))
    expect(await resultOf(at, replica, id)).toBe('cancelled')
    await at.clock.advance(70_000)
    expect(await call(at, replica, { handler: 'list' })).toEqual([])
  })
})

describe('one that holds its key', () => {
  it('lets go of it when it is killed, and what it has set counts', async () => {
    const { at, replica, holder, next } = await scene()
    await during(at, replica.engine.admin.kill(holder, undefined))
    expect(await resultOf(at, replica, next)).toBe(2)
    expect(await call(at, replica, { handler: 'list' })).toEqual(['held', 'next'])
  })

  it('makes up for what it has done when it is cancelled, before the next one begins', async () => {
    const { at, replica, holder, next } = await scene()
    await during(at, replica.engine.admin.cancel(holder, undefined))
    expect(await resultOf(at, replica, holder)).toBe('cancelled')
    expect(await resultOf(at, replica, next)).toBe(2)
    expect(await call(at, replica, { handler: 'list' })).toEqual(['given back', 'next'])
  })

  it('keeps it while it is paused', async () => {
    const { at, replica, holder, next } = await scene()
    await during(at, replica.engine.admin.pause(holder, undefined))
    await letGo(at, replica, holder)
    await at.clock.advance(60_000)
    expect(await at.journal(next)).toEqual([])
    await during(at, replica.engine.admin.resume(holder))
    expect(await resultOf(at, replica, next)).toBe(2)
  })

  const points = [
    'append.before',
    'append.after',
    'output.before-completion',
    'output.after-completion',
    'head.before',
    'head.after',
    'agenda.before-flush',
    'agenda.after-flush',
  ] as const satisfies readonly FaultPoint[]

  it.each(points)('lets go of it, though the replica that kills it dies at %s', async (point) => {
    let armed = false
    const { at, replica, holder, next } = await scene('add', {
      onFault(passed, _subject, self) {
        if (armed && passed === point) self().kill()
      },
    })
    const survivor = await at.start()
    await forgotten(at)
    armed = true
    await during(at, replica.engine.admin.kill(holder, undefined), 2_000)
    replica.kill()
    if (!(await has(at, holder, 'killed'))) return expect(point).not.toBe('append.after')
    expect(await resultOf(at, survivor, next, 90_000)).toBe(2)
    expect(await call(at, survivor, { handler: 'list' })).toEqual(['held', 'next'])
  })
})

describe('one that has ended, restarted', () => {
  async function failed(handler: string) {
    const at = world()
    const replica = await at.start()
    const id = await asked(at, replica, { handler })
    expect(await resultOf(at, replica, id)).toBe('boom')
    const restart = (from: number | undefined) =>
      during(at, replica.engine.admin.restart(id, { from, idempotencyKey: undefined }))
    return { at, replica, id, restart }
  }

  it('queues up for its key, and does everything again', async () => {
    const { at, replica, restart } = await failed('setAndFail')
    const holder = await asked(at, replica, { handler: 'hold' })
    await comes(at, holder, 'suspended')
    const restarted = await restart(undefined)
    expect(restarted).toMatchObject({ status: 'accepted', from: 0 })
    const id = restarted?.invocationId ?? holder
    expect(await at.journal(id)).toEqual([])
    await letGo(at, replica, holder)
    expect(await resultOf(at, replica, id)).toBe('anew')
    expect((await flat(at, id))[0]).toMatchObject({ kind: 'created', slot: 3 })
  })

  it('keeps its steps where no change of the state is among them', async () => {
    const { at, replica, restart } = await failed('fail')
    const restarted = await restart(1)
    expect(restarted?.from).toBe(1)
    expect(await resultOf(at, replica, restarted?.invocationId ?? keyless)).toBe('kept')
  })

  it('is refused where they would count twice', async () => {
    const { at, replica, id } = await failed('setAndFail')
    const { admin } = replica.engine
    const refused = refusal(admin.restart(id, { from: 2, idempotencyKey: undefined }))
    expect(await during(at, refused)).toBe('restart-refused')
  })

  it('and purged, leaves the key as it is', async () => {
    const { at, replica, id } = await failed('setAndFail')
    await during(at, replica.engine.admin.purge(id))
    expect(await at.journal(id)).toEqual([])
    expect(await call(at, replica, { handler: 'list' })).toEqual(['set'])
    expect(await call(at, replica, { handler: 'add', input: 'more' })).toBe(2)
  })
})

const keyless = `attacher.${'0'.repeat(26)}` as InvocationId
