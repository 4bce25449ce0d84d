/** Restarting and purging: what is kept, what is done anew, and what a crash in between leaves behind. */
import type { Entry, InvocationId, InvokeRequest } from '@fermata/lambda-runtime/protocol'
import { childInvocationId } from '@fermata/lambda-runtime/protocol'
import { describe, expect, it } from 'vitest'
import { outcomeOf, refusal } from './control-scenes.ts'
import { comes, during, flat, submit, waitsForOp0, worldOf } from './scenes.ts'
import { completed, type Replica, type Script, until, type World } from './world.ts'

const boom = { code: 'boom', message: 'boom' }
const done = (op: number): Entry => ({
  kind: 'run',
  op,
  name: `step ${op}`,
  result: { kind: 'value', value: { json: op } },
  at: 10 + op,
  after: op + 1,
})
const mail: Entry = {
  kind: 'send',
  op: 1,
  target: { service: 'mail', handler: 'process' },
  input: { json: 1 },
}

/** Does op 0, sends (op 1), does op 2, and fails at op 3; once it was restarted, it succeeds. */
const order: Script = ({ journal }) => {
  const created = journal.flatMap(({ entries }) => entries).find(({ kind }) => kind === 'created')
  const again = created?.kind === 'created' && created.restartOf !== undefined
  const known = new Set(
    journal.flatMap(({ entries }) => entries).flatMap((e) => ('op' in e ? e.op : [])),
  )
  const entries = [done(0), mail, done(2)].filter(
    (entry) => !('op' in entry && known.has(entry.op)),
  )
  return { entries, status: again ? completed('again') : { kind: 'failed', failure: boom } }
}

type Scene = {
  readonly world: World
  readonly replica: Replica
  readonly id: InvocationId
  readonly mails: InvokeRequest[]
}

async function failedOrder(onFault?: Parameters<World['start']>[0]): Promise<Scene> {
  const mails: InvokeRequest[] = []
  const world = worldOf({
    order,
    mail: (request) => {
      mails.push(request)
      return { status: completed('sent') }
    },
  })
  const replica = await world.start(onFault)
  const id = await submit(world, replica, 'order')
  await comes(world, id, 'output')
  await until(world.clock, () => mails.length === 1)
  return { world, replica, id, mails }
}

async function restart({ world, replica, id }: Scene, from?: number, idempotencyKey?: string) {
  const restarted = await during(world, replica.engine.admin.restart(id, { from, idempotencyKey }))
  if (restarted === undefined) throw new Error('it was not restarted')
  return restarted
}

describe('a restart', () => {
  it('as a whole does everything again, as an invocation of its own', async () => {
    const scene = await failedOrder()
    const { world, replica, id, mails } = scene
    const { invocationId, from, status } = await restart(scene)
    await comes(world, invocationId, 'output')

    expect({ from, status }).toEqual({ from: 0, status: 'accepted' })
    expect(await outcomeOf(world, invocationId)).toMatchObject({ value: { json: 'again' } })
    expect(await outcomeOf(world, id)).toMatchObject({ failure: boom })
    await until(world.clock, () => mails.length === 2)
    const view = await replica.engine.admin.invocation(invocationId)
    expect(view).toMatchObject({ restartOf: id, status: 'completed', ops: 3 })
  })

  it('from an op keeps what stands before it, and sends nothing again (trace 12)', async () => {
    const scene = await failedOrder()
    const { world, id, mails } = scene
    const { invocationId, from } = await restart(scene, 2)
    await comes(world, invocationId, 'output')
    await world.clock.advance(60_000)

    expect(from).toBe(2)
    expect(mails).toHaveLength(1)
    const entries = await flat(world, invocationId)
    expect(entries.slice(0, 2)).toEqual([done(0), mail])
    const kept = { seed: id, at: (await world.journal(id))[0]?.at }
    expect(entries[2]).toMatchObject({ kind: 'created', restartOf: { invocation: id, kept } })
    expect(entries.filter(({ kind }) => kind === 'run')).toEqual([done(0), done(2)])
    expect(await world.journal(childInvocationId('mail', invocationId, 1))).toEqual([])
  })

  it('from an op that was never reached begins at the first that has no result', async () => {
    const scene = await failedOrder()
    expect((await restart(scene, 99)).from).toBe(3)
  })

  it('of a restarted one keeps the chance and the beginning of the first', async () => {
    const scene = await failedOrder()
    const first = await restart(scene, 1)
    await comes(scene.world, first.invocationId, 'output')
    const second = await restart({ ...scene, id: first.invocationId }, 1)
    await comes(scene.world, second.invocationId, 'output')
    const created = (await flat(scene.world, second.invocationId)).find((e) => e.kind === 'created')
    expect(created).toMatchObject({
      restartOf: { invocation: first.invocationId, kept: { seed: scene.id } },
    })
  })

  it('that is asked for twice with one key is one', async () => {
    const scene = await failedOrder()
    const first = await restart(scene, 2, 'mine')
    const second = await restart(scene, 2, 'mine')
    expect(second).toEqual({ ...first, status: 'previously_accepted' })
    expect((await restart(scene, 2)).invocationId).not.toBe(first.invocationId)
  })

  it('is refused while it has not ended', async () => {
    const world = worldOf({
      waits: () => ({ entries: [{ kind: 'awakeable', op: 0 }], status: waitsForOp0 }),
    })
    const replica = await world.start()
    const id = await submit(world, replica, 'waits')
    await comes(world, id, 'suspended')
    const options = { from: undefined, idempotencyKey: undefined }
    const { admin } = replica.engine
    expect(await during(world, refusal(admin.restart(id, options)))).toBe('invocation-not-closed')
    expect(await during(world, refusal(admin.purge(id)))).toBe('invocation-not-closed')
  })

  it.each(['restart.before-copy', 'restart.after-copy', 'append.before', 'append.after'] as const)(
    'that is cut short at %s is nothing, or all of it, and can be asked for again',
    async (point) => {
      let armed = false
      const scene = await failedOrder({
        onFault(at, _subject, self) {
          if (armed && at === point) self().kill()
        },
      })
      const { world, replica } = scene
      const survivor = await world.start()
      armed = true
      const options = { from: 2, idempotencyKey: 'mine' }
      await during(world, replica.engine.admin.restart(scene.id, options), 1_000)
      replica.kill()
      const { invocationId } = await restart({ ...scene, replica: survivor }, 2, 'mine')
      await comes(world, invocationId, 'output', 60_000)

      const entries = await flat(world, invocationId)
      expect(entries.slice(0, 2)).toEqual([done(0), mail])
      expect(entries.filter(({ kind }) => kind === 'created')).toHaveLength(1)
      expect(scene.mails).toHaveLength(1)
    },
  )
})

describe('a purge', () => {
  it('forgets an invocation that has ended; its id may be used anew', async () => {
    const scene = await failedOrder()
    const { world, replica, id } = scene
    await during(world, replica.engine.admin.purge(id))
    expect(await world.journal(id)).toEqual([])
    expect(await during(world, refusal(replica.engine.admin.invocation(id)))).toBe(
      'invocation-not-found',
    )
    expect(await during(world, refusal(replica.engine.admin.purge(id)))).toBe(
      'invocation-not-found',
    )
  })

  it('makes an idempotency key free again', async () => {
    const world = worldOf({ order })
    const replica = await world.start()
    const id = await submit(world, replica, 'order', { key: 'a' })
    await comes(world, id, 'output')
    await during(world, replica.engine.admin.purge(id))
    expect(await submit(world, replica, 'order', { key: 'a' })).toBe(id)
    await comes(world, id, 'output')
    expect(await outcomeOf(world, id)).toMatchObject({ failure: boom })
  })
})
