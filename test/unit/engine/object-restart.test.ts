/** A restarted holder of a key, when nobody serves its handler for a while (INV-6). */
import type { Entry, InvocationId } from '@fermata/lambda-runtime/protocol'
import { describe, expect, it } from 'vitest'
import { asked as askedToEnd, cancelled } from './control-scenes.ts'
import { asked, objectWorld, resultOf } from './object-scenes.ts'
import { comes, during, flat, forgotten, waitsForOp0, yes } from './scenes.ts'
import { completed, type Replica, type Script, until, type World } from './world.ts'

const address = 'arn:aws:lambda:eu-west-1:000000000000:function:objects:1'
const step: Entry = { kind: 'run', op: 0, name: 'step', result: yes, at: 1, after: 1 }
const boom = { code: 'boom', message: 'boom' }

/** Does a step, and fails. Restarted, it completes; cancelled, it gives up. */
const failing: Script = ({ journal }) => {
  if (askedToEnd(journal)) return cancelled(1)
  const isKept = journal.some(({ entries }) => entries.some(({ kind }) => kind === 'run'))
  if (isKept) return { status: completed('again') }
  return { entries: [step], status: { kind: 'failed', failure: boom } }
}

const holding: Script = ({ epoch }) =>
  epoch === 1
    ? { entries: [{ kind: 'awakeable', op: 0 }], status: waitsForOp0 }
    : { status: completed('held') }

type Scene = {
  readonly world: World
  readonly replica: Replica
  readonly holder: InvocationId
  readonly again: InvocationId
}

/** Its first run has failed; it is restarted from op 1 while nobody serves it, and another one holds the key. */
async function restartedUnserved(): Promise<Scene> {
  const world = objectWorld({
    cart: { fail: ['exclusive', failing], hold: ['exclusive', holding] },
  })
  const replica = await world.start()
  const { admin } = replica.engine
  const first = await asked(world, replica, { handler: 'fail' })
  await comes(world, first, 'output')
  const holder = await asked(world, replica, { handler: 'hold' })
  await comes(world, holder, 'suspended')
  const [deployment] = await admin.deployments()
  await during(world, admin.removeDeployment(deployment?.id ?? '', { force: true }))
  const restarted = await during(
    world,
    admin.restart(first, { from: 1, idempotencyKey: undefined }),
  )
  if (restarted === undefined) throw new Error('it was not restarted')
  await comes(world, restarted.invocationId, 'paused')
  await during(world, admin.register(address))
  await forgotten(world)
  return { world, replica, holder, again: restarted.invocationId }
}

describe('a restarted one that nobody served and that keeps what it did', () => {
  it('waits for its turn when it is cancelled (INV-6)', async () => {
    const { world, replica, holder, again } = await restartedUnserved()
    await during(world, replica.engine.admin.cancel(again, undefined))
    await world.clock.advance(60_000)
    expect((await flat(world, again)).filter(({ kind }) => kind === 'attempt')).toEqual([])

    await during(world, replica.engine.ingress.completeAwakeable(`${holder}.0`, yes))
    expect(await resultOf(world, replica, again)).toBe('cancelled')
    const created = (await flat(world, again)).filter((entry) => entry.kind === 'created')
    expect(created.map(({ slot }) => slot)).toEqual([0, 3])
  })

  it('ends at once when it is killed, and holds up nobody', async () => {
    const { world, replica, holder, again } = await restartedUnserved()
    await during(world, replica.engine.admin.kill(again, undefined))
    await comes(world, again, 'output')
    await during(world, replica.engine.ingress.completeAwakeable(`${holder}.0`, yes))
    expect(await resultOf(world, replica, holder)).toBe('held')
    const next = await asked(world, replica, { handler: 'hold' })
    await until(world.clock, async () => (await flat(world, next)).length > 1)
  })
})
