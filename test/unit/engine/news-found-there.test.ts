/** Who finds news where it is already cannot know that its bringer lived to see to what came of it (INV-10, trace 1). */
import type { Entry } from '@fermata/lambda-runtime/protocol'
import { expect, it } from 'vitest'
import { call, comes, submit, waitsForOp0, worldOf } from './scenes.ts'
import { completed, type Replica, type World } from './world.ts'

const wakeAt = (world: World, ms: number) => world.clock.now() + ms
const waitsForOp1 = { kind: 'suspended', waitingOn: { kind: 'op', op: 1 } } as const

const nexts: readonly (readonly [string, (world: World) => Entry])[] = [
  ['calls another', () => call(1, 'mail')],
  ['sleeps', (world) => ({ kind: 'sleep', op: 1, wakeAt: wakeAt(world, 60_000) })],
]

it.each(nexts)(
  'one that is woken by a result and %s goes on, though who brought it dies at once',
  async (_, next) => {
    const world: World = worldOf({
      // Waits for so long that nobody looks at it any more.
      caller: ({ epoch }) => {
        if (epoch === 1) return { entries: [call(0, 'slow')], status: waitsForOp0 }
        if (epoch > 2) return { status: completed('done') }
        return { entries: [next(world)], status: waitsForOp1 }
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
    let appends = 0
    const onFault = (point: string, subject: string, self: () => Replica) => {
      if (point !== 'append.after' || !subject.startsWith('caller.')) return
      appends += 1
      // Its fourth segment is the second suspension.
      if (appends === 4) self().kill()
    }
    const [first] = [await world.start({ onFault }), await world.start({ onFault })]
    const id = await submit(world, first, 'caller')
    await comes(world, id, 'output', 300_000)
    expect(appends).toBeGreaterThan(4)
  },
)
