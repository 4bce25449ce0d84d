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

test('the next tick comes in time though its agenda entry is looked at early, when its owner dies', async () => {
  const { world, ran } = createScene()
  const a = await world.start()
  const from = world.clock.now()
  await meanwhile(world, a.engine.admin.schedules.put('s', every(20_000)))
  await world.start()
  await until(world.clock, () => ran.length >= 1)
  // Long enough that no one finds the old entries by luck, short enough that nobody goes through all schedules.
  await world.clock.advance(5_000)
  a.kill()
  await until(world.clock, () => ran.length >= 3, 55_000)
  expect(ran.every(({ at, tick }) => at - tick < 2_000)).toBe(true)
  expect(ticksOf(ran)).toEqual(multiples(20_000, from, ran.at(-1)?.tick ?? 0))
})

test('a tick that was claimed is made though the schedule is changed before its claimer is replaced', async () => {
  const scene = createScene()
  const { world, ran } = scene
  let dead = false
  let claims = 0
  const dying = await world.start({
    onFault: (point, _, replica) => {
      if (point !== 'schedule.after-claim' || ++claims < 3) return
      dead = true
      replica().kill()
    },
  })
  const from = world.clock.now()
  await meanwhile(world, dying.engine.admin.schedules.put('s', every(second)))
  await until(world.clock, () => dead)
  const other = await world.start()
  await meanwhile(
    world,
    other.engine.admin.schedules.put('s', { ...every(second), input: { json: 2 } }),
  )
  await until(world.clock, () => ran.length >= 15)
  expectEachTickOnce(scene, from)
})

/** The document of a new schedule is long on its way, so that its agenda entry is looked at before. */
function slowDocument({ world }: Scene, written: () => void): void {
  const { registry } = world.stores
  const put = registry.put.bind(registry)
  let first = true
  Object.assign(registry, {
    put: async (...args: Parameters<typeof put>) => {
      const [collection] = args
      if (collection !== 'schedules' || !first) return put(...args)
      first = false
      await world.clock.sleep(5_000)
      const done = await put(...args)
      written()
      return done
    },
  })
}

describe('a schedule whose document comes late', () => {
  test('begins at once when it is there', async () => {
    const scene = createScene()
    const { world, ran } = scene
    const { engine } = await world.start()
    let isWritten = false
    slowDocument(scene, () => {
      isWritten = true
    })
    const from = world.clock.now()
    const put = engine.admin.schedules.put('s', every(second))
    await until(world.clock, () => isWritten)
    await until(world.clock, () => ran.length >= 8, 5_000)
    await put
    expectEachTickOnce(scene, from)
  })

  test('begins though its maker dies as soon as it is there', async () => {
    const scene = createScene()
    const { world, ran } = scene
    const maker = await world.start()
    slowDocument(scene, () => maker.kill())
    const from = world.clock.now()
    maker.engine.admin.schedules.put('s', every(second)).catch(() => undefined)
    await world.clock.advance(1_000)
    await world.start()
    // Well before anybody goes through all schedules.
    await until(world.clock, () => ran.length >= 10, 55_000)
    const ticks = ticksOf(ran).toSorted((a, b) => a - b)
    expect(ticks).toEqual(multiples(second, (ticks[0] ?? 0) - 1, ticks.at(-1) ?? 0))
    expect(ticks[0]).toBeGreaterThan(from)
  })
})
