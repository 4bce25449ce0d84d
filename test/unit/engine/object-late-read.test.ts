/** A key stands on the agenda for as long as its holder is at work, however late a read of its mailbox is (INV-10). */
import { expect, it } from 'vitest'
import { asked, objectWorld } from './object-scenes.ts'
import { comes, forgotten, has, never } from './scenes.ts'
import { completed, type Script } from './world.ts'

const cart = { service: 'cart', key: 'c', handler: 'add' }

it('a key whose next holder has begun meanwhile is not let go of by who found nobody in line', async () => {
  let calls = 0
  const add: Script = () => {
    calls += 1
    return calls === 2 ? never : { status: completed('done') }
  }
  const world = objectWorld({ cart: { add: ['exclusive', add] } })
  const { clock } = world
  const { objects } = world.stores
  const slots = objects.slots.bind(objects)
  // Whoever has ended the first looks for the second, and hears late that there is none.
  objects.slots = async (ref, from, limit) => {
    const read = await slots(ref, from, limit)
    if (from !== 2) return read
    objects.slots = slots
    await clock.sleep(3_000)
    return read
  }
  const victim = await world.start()
  await world.start()
  const first = await asked(world, victim, cart)
  await comes(world, first, 'output')
  const second = await asked(world, victim, cart)
  await comes(world, second, 'attempt')
  await forgotten(world)
  expect(await has(world, second, 'output')).toBe(false)

  victim.kill()

  expect(await comes(world, second, 'output')).toBeLessThan(60_000)
})
