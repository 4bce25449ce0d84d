/** Who finds news where it is already cannot know that its bringer lived to see to what came of it (INV-10, trace 1). */
import { childInvocationId, type Entry } from '@fermata/lambda-runtime/protocol'
import { expect, it } from 'vitest'
import { call, comes, flat, send, submit, waitsForOp0, worldOf } from './scenes.ts'
import { completed, type Replica, type Scripted, type World } from './world.ts'

const wakeAt = (world: World, ms: number) => world.clock.now() + ms
const waitsForOp1 = { kind: 'suspended', waitingOn: { kind: 'op', op: 1 } } as const

/** `next`: what the caller does when it has the result for which it waited so long that nobody looks at it any more. */
function worldWhere(next: (world: World) => Scripted): World {
  const world: World = worldOf({
    caller: ({ epoch }) => {
      if (epoch === 1) return { entries: [call(0, 'slow')], status: waitsForOp0 }
      return epoch === 2 ? next(world) : { status: completed('done') }
    },
    slow: ({ epoch }) =>
      epoch === 1
        ? {
            entries: [{ kind: 'sleep', op: 0, wakeAt: wakeAt(world, 100_000) }],
            status: waitsForOp0,
          }
        : { status: completed('slow') },
    mail: () => ({ status: completed('sent') }),
  })
  return world
}

/** Two replicas; whichever has heard what the caller does next dies at once. */
async function startMortals(world: World): Promise<Replica> {
  let appends = 0
  const onFault = (point: string, subject: string, self: () => Replica) => {
    if (point !== 'append.after' || !subject.startsWith('caller.')) return
    appends += 1
    // Created, asleep, woken, and this.
    if (appends === 4) self().kill()
  }
  const first = await world.start({ onFault })
  await world.start({ onFault })
  return first
}

const nexts: readonly (readonly [string, (world: World) => Entry])[] = [
  ['calls another', () => call(1, 'mail')],
  ['sleeps', (world) => ({ kind: 'sleep', op: 1, wakeAt: wakeAt(world, 60_000) })],
]

it.each(nexts)(
  'one that is woken by a result and %s goes on, though who brought it dies at once',
  async (_, next) => {
    const world = worldWhere((self) => ({ entries: [next(self)], status: waitsForOp1 }))
    const id = await submit(world, await startMortals(world), 'caller')
    await comes(world, id, 'output', 300_000)
    expect((await flat(world, id)).filter(({ kind }) => kind === 'attempt')).toHaveLength(3)
  },
)

it('what one has sent that a result has brought to its end is there, though who brought that dies at once', async () => {
  const world = worldWhere(() => ({ entries: [send(1, 'mail')], status: completed('done') }))
  const id = await submit(world, await startMortals(world), 'caller')
  await comes(world, childInvocationId('mail', id, 1), 'output', 300_000)
  expect((await flat(world, id)).at(-1)).toMatchObject({ kind: 'output' })
})
