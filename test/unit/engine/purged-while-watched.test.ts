/** Who watches an attempt sees nothing move where its journal is gone: that is not an attempt that died (INV-2). */
import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { expect, it } from 'vitest'
import { during, has, never, submit, worldOf } from './scenes.ts'
import { completed, type Replica, type World } from './world.ts'

const orders = ({ epoch }: { epoch: number }) =>
  epoch === 1 ? never : { status: completed('fine') }

/** Whatever the life, or the lack of one. */
const segments = (world: World) => [...world.table.journals.values()].flatMap((one) => [...one])

/** Between two looks of the watcher, which has a minute then. */
async function endUnseen(
  world: World,
  id: InvocationId,
  { watcher, other }: { readonly watcher: Replica; readonly other: Replica },
): Promise<void> {
  watcher.pause()
  await during(world, other.engine.admin.kill(id, undefined))
  await during(world, other.engine.admin.purge(id))
  expect(segments(world)).toEqual([])
  watcher.resume()
  await world.clock.advance(60_000)
}

it('what was ended and purged is not begun again by who has adopted it', async () => {
  const world = worldOf({ orders })
  const [first, watcher, other] = [await world.start(), await world.start(), await world.start()]
  const id = await submit(world, first, 'orders', { key: 'k' })
  first.pause()
  await submit(world, watcher, 'orders', { key: 'k' })
  await world.clock.advance(1_500)
  expect(await has(world, id, 'output')).toBe(false)

  await endUnseen(world, id, { watcher, other })

  expect(world.invoker.started).toHaveLength(1)
  expect(segments(world)).toEqual([])
})

it('nor by who has lost the call of its attempt', async () => {
  const world = worldOf({ orders })
  const [watcher, other] = [await world.start(), await world.start()]
  world.invoker.inject({ kind: 'drop-request' })
  const id = await submit(world, watcher, 'orders')
  await world.clock.advance(1_500)

  await endUnseen(world, id, { watcher, other })

  expect(segments(world)).toEqual([])
})
