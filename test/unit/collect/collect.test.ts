import { maxSlots } from '@fermata/orchestrator/domain/collect/collector'
import { describe, expect, test } from 'vitest'
import { during, submission } from '../engine/scenes.ts'
import { type Replica, until, type World } from '../engine/world.ts'
import { batch, createScene, debounce, numbersOf, type Send } from './scene.ts'

async function send(world: World, { engine }: Replica, sends: readonly Send[]): Promise<void> {
  const submitted = engine.ingress.submit({
    ...submission('sender'),
    input: { json: [...sends] as never },
  })
  let over = false
  submitted.finally(() => {
    over = true
  })
  await until(world.clock, () => over)
}

const items = (count: number, collect: Send['collect'], from = 0): Send[] =>
  Array.from({ length: count }, (_, i) => ({ json: from + i, collect }))

describe('a batch', () => {
  test('goes at once when it is full, and what is left after the wait', async () => {
    const { world, got } = createScene()
    const replica = await world.start()
    await send(world, replica, items(25, batch(10, 60_000)))
    await until(world.clock, () => got.length >= 2, 5_000)
    await until(world.clock, () => got.length >= 3)
    expect(got.map(({ sends }) => sends)).toEqual([10, 10, 5])
    expect(numbersOf(got)).toEqual(items(25, batch(1)).map(({ json }) => json))
  })

  test('that others fill goes at once, too', async () => {
    const { world, got } = createScene()
    const replica = await world.start()
    await send(world, replica, items(7, batch(10, 600_000)))
    await send(world, replica, items(3, batch(10, 600_000), 7))
    await until(world.clock, () => got.length >= 1, 10_000)
    expect(got.map(({ sends }) => sends)).toEqual([10])
  })

  test('goes though its log was looked at before its first send was written', async () => {
    const { world, got } = createScene()
    const { collectors } = world.stores
    const append = collectors.append.bind(collectors)
    Object.assign(collectors, {
      append: async (...args: Parameters<typeof append>) => {
        await world.clock.sleep(5_000)
        return append(...args)
      },
    })
    const replica = await world.start()
    await send(world, replica, items(1, batch(10, 1_000)))
    await until(world.clock, () => got.length >= 1, 20_000)
    expect(got[0]?.sends).toBe(1)
  })

  test('takes a send with an idempotency key once, though it comes again long after', async () => {
    const { world, got } = createScene()
    const replica = await world.start()
    const one = { json: 1, collect: batch(10, 1_000), idempotencyKey: 'once' }
    await send(world, replica, [one])
    await until(world.clock, () => got.length >= 1, 20_000)
    await send(world, replica, [
      { ...one, json: 2 },
      { ...one, json: 3 },
    ])
    await send(world, replica, [{ ...one, idempotencyKey: 'other', json: 4 }])
    await until(world.clock, () => got.length >= 2, 20_000)
    await world.clock.advance(5_000)
    expect(numbersOf(got)).toEqual([1, 4])
  })

  test('goes when its most impatient send says so', async () => {
    const { world, got } = createScene()
    const replica = await world.start()
    await send(world, replica, items(1, batch(10, 600_000)))
    await send(world, replica, items(1, batch(10, 1_000), 1))
    await until(world.clock, () => got.length >= 1, 5_000)
    expect(numbersOf(got)).toEqual([0, 1])
  })

  test('keeps the keys of senders apart', async () => {
    const { world, got } = createScene()
    const replica = await world.start()
    await send(world, replica, [
      ...items(3, batch(10, 1_000, 'a')),
      ...items(2, batch(10, 1_000, 'b'), 10),
    ])
    await until(world.clock, () => got.length >= 2)
    expect(got.map(({ sends }) => sends).toSorted()).toEqual([2, 3])
  })
})

describe('requests', () => {
  const request = (json: number, key?: string) => ({
    ...submission('target', key === undefined ? {} : { key }),
    input: { json },
  })

  test('go together, those with one idempotency key once', async () => {
    const { world, got } = createScene()
    const { engine } = await world.start()
    const collect = (json: number, key?: string) =>
      during(world, engine.ingress.collect(request(json, key), batch(10, 2_000)))
    expect(await collect(1)).toBe('accepted')
    expect(await collect(1)).toBe('accepted')
    expect(await collect(2, 'k')).toBe('accepted')
    expect(await collect(2, 'k')).toBe('previously_accepted')
    await until(world.clock, () => got.length >= 1)
    expect(await collect(2, 'k')).toBe('previously_accepted')
    await world.clock.advance(5_000)
    expect(numbersOf(got)).toEqual([1, 1, 2])
  })

  test('are refused where nobody serves them', async () => {
    const { world } = createScene()
    const { engine } = await world.start()
    const target = { service: 'nobody', handler: 'process' }
    await expect(
      engine.ingress.collect({ ...request(1), target }, batch(10)),
    ).rejects.toMatchObject({ code: 'handler-not-found' })
  })

  test('to a key that never gets quiet are not read without end', async () => {
    const { world, got } = createScene()
    const { engine } = await world.start()
    for (let n = 0; n <= maxSlots; n++) {
      const taken = engine.ingress.collect(request(n), debounce(600_000))
      await during(world, taken)
    }
    await until(world.clock, () => got.length >= 1, 20_000)
    expect(got[0]?.sends).toBe(maxSlots)
    expect(numbersOf(got)).toEqual([maxSlots - 1])
  })
})

describe('a debounce', () => {
  test('lets the last send through when it has been quiet for as long', async () => {
    const { world, got } = createScene()
    const replica = await world.start()
    const start = world.clock.now()
    await send(world, replica, items(3, debounce(5_000)))
    await world.clock.advance(3_000)
    await send(world, replica, items(2, debounce(5_000), 10))
    await until(world.clock, () => got.length >= 1)
    expect(numbersOf(got)).toEqual([11])
    expect(got[0]?.sends).toBe(5)
    expect((got[0]?.at ?? 0) - start).toBeGreaterThanOrEqual(8_000)
    await world.clock.advance(60_000)
    expect(got).toHaveLength(1)
  })

  test('is bounded by the longest wait', async () => {
    const { world, got } = createScene()
    const replica = await world.start()
    const start = world.clock.now()
    for (let i = 0; got.length === 0 && i < 20; i++) {
      await send(world, replica, items(1, debounce(3_000, 10_000), i))
      await world.clock.advance(1_000)
    }
    expect((got[0]?.at ?? 0) - start).toBeLessThan(12_000)
  })
})
