import type { FaultPoint } from '@fermata/orchestrator/ports'
import { describe, expect, test } from 'vitest'
import { type Replica, until } from '../engine/world.ts'
import { createScene, every, idsOf, meanwhile, multiples, type Scene, ticksOf } from './scene.ts'

const second = 1_000
const points: readonly FaultPoint[] = [
  'schedule.before-claim',
  'schedule.after-claim',
  'schedule.after-create',
  'accept.before-append',
  'accept.after-append',
  'agenda.before-flush',
  'agenda.after-flush',
]

/** Kills the replica that reaches `point` for the `nth` time. */
function killAt(point: FaultPoint, nth: number) {
  let left = nth
  return (reached: FaultPoint, _: string, replica: () => Replica) => {
    if (reached === point && --left === 0) replica().kill()
  }
}

function expectEachTickOnce({ world, ran }: Scene, from: number): void {
  const ticks = ticksOf(ran).toSorted((a, b) => a - b)
  expect(ticks).toEqual(multiples(second, from, ticks.at(-1) ?? 0))
  expect(idsOf(ran)).toHaveLength(ticks.length)
  expect(world.warnings.filter(({ message }) => message.includes('skipped'))).toEqual([])
}

describe.for(points)('a replica that dies at %s', (point) => {
  test.for([2, 5, 9])('the %i. time leaves each tick to be made once', async (nth) => {
    const scene = createScene(nth)
    const { world, ran } = scene
    const dying = await world.start({ onFault: killAt(point, nth) })
    const other = await world.start()
    const from = world.clock.now()
    await meanwhile(world, other.engine.admin.schedules.put('s', every(second)))
    await until(world.clock, () => ran.length >= 25, 90_000)
    expect(dying.engine).toBeDefined()
    expectEachTickOnce(scene, from)
  })
})

test('a schedule whose maker dies before it stands on the agenda for sure is looked after all the same', async () => {
  const scene = createScene()
  const { world, ran } = scene
  const maker = await world.start({ onFault: killAt('agenda.after-flush', 1) })
  await world.start()
  const from = world.clock.now()
  // The entry is flushed, its flush was not acknowledged: the document is never written by this replica.
  const put = maker.engine.admin.schedules.put('s', every(second))
  put.catch(() => undefined)
  await world.clock.advance(20_000)
  expect(ran).toEqual([])
  const other = await world.start()
  const again = world.clock.now()
  expect(again).toBeGreaterThan(from)
  await meanwhile(world, other.engine.admin.schedules.put('s', every(second)))
  await until(world.clock, () => ran.length >= 5)
  expectEachTickOnce(scene, again)
})
