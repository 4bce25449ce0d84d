import { parseInvocationId } from '@fermata/lambda-runtime/protocol'
import { describe, expect, test } from 'vitest'
import { until } from '../engine/world.ts'
import { createScene, every, meanwhile, multiples, ticksOf } from './scene.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

async function outage(catchUp: 'all' | 'latest' | 'none', ms: number) {
  const scene = createScene()
  const { world, ran } = scene
  const first = await world.start()
  await meanwhile(world, first.engine.admin.schedules.put('s', every(minute, catchUp)))
  await until(world.clock, () => ran.length >= 2, 5 * minute, 100)
  await world.clock.advance(20_000)
  first.kill()
  const down = world.clock.now()
  await world.clock.advance(ms)
  ran.length = 0
  const second = await world.start()
  await until(world.clock, () => ran.length >= 1, 3 * minute, 100)
  await world.clock.advance(20_000)
  return { ...scene, down, second }
}

describe('after an outage', () => {
  test('all ticks are made up for, if the schedule says so', async () => {
    const { ran, down } = await outage('all', hour)
    const ticks = ticksOf(ran).toSorted((a, b) => a - b)
    expect(ticks).toEqual(multiples(minute, down, ticks.at(-1) ?? 0))
    expect(ticks.length).toBeGreaterThanOrEqual(60)
  })

  test('the newest thousand are, of more', async () => {
    const { ran, world } = await outage('all', 2 * day)
    expect(new Set(ticksOf(ran)).size).toBeGreaterThanOrEqual(1_000)
    expect(new Set(ticksOf(ran)).size).toBeLessThanOrEqual(1_002)
    expect(world.warnings.map(({ message }) => message)).toContain(
      'Ticks of a schedule were missed and are skipped',
    )
  })

  test('only the last tick is, by default', async () => {
    const { ran, world } = await outage('latest', hour)
    const now = world.clock.now()
    expect(ticksOf(ran).every((tick) => now - tick < 2 * minute)).toBe(true)
    expect(ran.length).toBeLessThanOrEqual(2)
  })

  test('none is, if the schedule says so: it goes on with the next', async () => {
    const { ran, down } = await outage('none', hour)
    expect(ticksOf(ran).every((tick) => tick >= down + hour - 15_000)).toBe(true)
    expect(ran).toHaveLength(1)
  })

  test('of several months the schedule goes on, though the agenda has forgotten it', async () => {
    const { world, ran } = createScene()
    const first = await world.start()
    await meanwhile(world, first.engine.admin.schedules.put('s', every(day, 'latest')))
    first.kill()
    await world.clock.advance(90 * day)
    const { agenda } = world.stores
    const everything = Object.assign(agenda, { list: async () => [] })
    expect(everything).toBe(agenda)
    await world.start()
    await until(world.clock, () => ran.length >= 1, 5 * minute, 100)
  })

  test('a tick is not made again though its invocation has expired', async () => {
    const { world, ran } = createScene()
    const first = await world.start()
    const month = 30 * day
    await meanwhile(world, first.engine.admin.schedules.put('s', every(month)))
    first.kill()
    const [tick = 0] = multiples(month, world.clock.now(), world.clock.now() + month)
    await world.clock.advance(tick - world.clock.now() - 20_000)
    const second = await world.start()
    await until(world.clock, () => ran.length >= 1)
    second.kill()
    await world.clock.advance(10 * day)
    expect(await world.journal(parseInvocationId(ran[0]?.id ?? ''))).toEqual([])
    await world.start()
    await world.clock.advance(70_000)
    expect(ticksOf(ran)).toEqual([tick])
  })
})

describe('clocks', () => {
  test.for([-20_000, 20_000])('%i ms apart make no tick twice', async (wallOffsetMs) => {
    const { world, ran } = createScene()
    const a = await world.start()
    const b = await world.start({ wallOffsetMs })
    await meanwhile(world, a.engine.admin.schedules.put('s', every(5_000)))
    await world.clock.advance(15_000)
    a.kill()
    await world.clock.advance(25_000)
    const c = await world.start()
    b.kill()
    await world.clock.advance(40_000)
    const ticks = ticksOf(ran)
    expect(new Set(ticks).size).toBe(ticks.length)
    const sorted = ticks.toSorted((x, y) => x - y)
    expect(sorted).toEqual(multiples(5_000, (sorted[0] ?? 0) - 1, sorted.at(-1) ?? 0))
    expect(c.engine.admin.ready().ready).toBe(true)
  })

  test('a schedule that a clock in the future has ticked goes on when it is put again', async () => {
    const { world, ran } = createScene()
    const wrong = await world.start({ wallOffsetMs: 365 * day })
    await meanwhile(world, wrong.engine.admin.schedules.put('s', every(2_000)))
    await until(world.clock, () => ran.length >= 1, minute, 100)
    wrong.kill()
    const right = await world.start()
    await meanwhile(world, right.engine.admin.schedules.put('s', every(2_000)))
    ran.length = 0
    await until(world.clock, () => ran.length >= 2, minute, 100)
    const ticks = ticksOf(ran)
    expect(ticks.every((tick) => tick <= world.clock.now())).toBe(true)
  })
})
