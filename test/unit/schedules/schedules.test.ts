import { describe, expect, test } from 'vitest'
import { until } from '../engine/world.ts'
import { createScene, every, idsOf, meanwhile, multiples, ticksOf } from './scene.ts'

const second = 1_000

describe('a schedule', () => {
  test('creates one invocation per tick', async () => {
    const { world, ran } = createScene()
    const { engine } = await world.start()
    const start = world.clock.now()
    await meanwhile(world, engine.admin.schedules.put('every-second', every(second)))
    await until(world.clock, () => ran.length >= 10)
    const ticks = ticksOf(ran)
    expect(ticks).toEqual(multiples(second, start, ticks.at(-1) ?? 0))
    expect(idsOf(ran)).toHaveLength(10)
    expect(ran.every(({ tick, at }) => at >= tick && at < tick + second)).toBe(true)
  })

  test('ticks once though two replicas look after it, and one is killed', async () => {
    const { world, ran } = createScene()
    const a = await world.start()
    const b = await world.start()
    const start = world.clock.now()
    await meanwhile(world, a.engine.admin.schedules.put('every-second', every(second)))
    await until(world.clock, () => ran.length >= 5)
    a.kill()
    await until(world.clock, () => ran.length >= 20)
    b.kill()
    await world.start()
    await until(world.clock, () => ran.length >= 40)
    const ticks = ticksOf(ran).toSorted((x, y) => x - y)
    expect(ticks).toEqual(multiples(second, start, ticks.at(-1) ?? 0))
  })

  test('by a cron expression ticks at its times', async () => {
    const { world, ran } = createScene()
    const { engine } = await world.start()
    const timing = { kind: 'cron', cron: '*/2 * * * *', timezone: 'Asia/Kolkata' } as const
    const start = world.clock.now()
    await meanwhile(world, engine.admin.schedules.put('s', { ...every(second), timing }))
    await until(world.clock, () => ran.length >= 2, 300_000, 100)
    expect(ticksOf(ran)).toEqual(multiples(120_000, start, start + 240_000))
  })

  test('waits for nobody: while the table fails it is late, not lost', async () => {
    const { world, ran } = createScene()
    const { engine } = await world.start()
    const start = world.clock.now()
    await meanwhile(world, engine.admin.schedules.put('s', every(second)))
    await until(world.clock, () => ran.length >= 2)
    const { registry } = world.stores
    const put = registry.put.bind(registry)
    Object.assign(registry, { put: () => Promise.reject(new Error('the table is away')) })
    await world.clock.advance(5_000)
    Object.assign(registry, { put })
    await until(world.clock, () => ran.length >= 20)
    const ticks = ticksOf(ran)
    expect(ticks.toSorted((a, b) => a - b)).toEqual(multiples(second, start, Math.max(...ticks)))
  })
})
