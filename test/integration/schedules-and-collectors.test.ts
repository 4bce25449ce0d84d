import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startDynamoDbLocal } from '../support/real-parts/dynamodb-local.ts'
import { requirePart } from '../support/real-parts/require-part.ts'
import type { OrchestratorUnderTest } from './support/orchestrator-under-test.ts'
import { createSystem, eventually, type System } from './support/system.ts'
import { openWitness, type Witness } from './support/witness.ts'

requirePart('dynamodb-local')('two replicas', () => {
  let database: Awaited<ReturnType<typeof startDynamoDbLocal>>
  let witness: Witness
  let system: System
  let first: OrchestratorUnderTest
  let second: OrchestratorUnderTest

  beforeAll(async () => {
    ;[database, witness] = await Promise.all([startDynamoDbLocal(), openWitness()])
    const environment = { WITNESS_URL: witness.url }
    system = await createSystem({ dynamodb: database.endpoint, environment })
    ;[first, second] = await Promise.all([system.start(), system.start()])
    const { status } = await first.post('deployments', { arn: system.deploy('collected') })
    expect(status).toBe(201)
  })

  afterAll(async () => {
    await system?.close()
    await witness?.close()
    await database?.stop()
  })

  const effectsOf = (part: string) => Object.entries(witness.effects(part))
  /** When each was due, once for each invocation that was made for it. */
  const ticks = () =>
    effectsOf('tick ')
      .map(([key]) => Number(key.split(' ')[1]))
      .toSorted((a, b) => a - b)
  const everySecondOf = (all: readonly number[]) => all.map((_, i) => (all[0] ?? 0) + i * 1_000)

  describe('put sends together', () => {
    it('in batches of the size that is wanted, each send once and in order', async () => {
      const flooded = await Promise.all(
        [first, second].map((replica, i) =>
          replica.call('flood/batch', { name: `b${i}-`, count: 25 }),
        ),
      )
      expect(flooded.map(({ status }) => status)).toEqual([204, 204])
      for (const name of ['b0-', 'b1-']) {
        const items = Array.from({ length: 25 }, (_, i) => `${name}${i}`)
        const batches = [items.slice(0, 10), items.slice(10, 20), items.slice(20)]
        const expected = batches.map((batch) => [batch.join(' '), 1])
        await eventually('three batches', () => effectsOf(name).length >= 3)
        expect(effectsOf(name).toSorted()).toEqual(expected.toSorted())
        expect(await witness.effect(batches[2]?.join(' ') ?? '')).toEqual({
          kind: 'collected',
          how: 'batch',
          sends: 5,
        })
      }
    })

    it('by the keys of objects, whose handlers take them one after another', async () => {
      await second.call('flood/shelves', { name: 's', count: 12 })
      const expected = ['s0 0 0 2 4', 's0 3 6 8 10', 's1 0 1 3 5', 's1 3 7 9 11']
      for (const effect of expected) await witness.effect(effect)
      expect(effectsOf('s').filter(([key]) => /^s\d /.test(key))).toEqual(
        expected.map((effect) => [effect, 1]),
      )
    })

    it('so that only the last counts, of a handler’s sends and of requests', async () => {
      await first.call('flood/debounce', { name: 'd-', count: 12 })
      expect(await witness.effect('d-11')).toMatchObject({ how: 'debounce', sends: 12 })
      for (const [i, replica] of [first, second, first, second].entries()) {
        const path = 'index/latest/send?debounce=5000&collectKey=h'
        const { status, body } = await replica.call(path, `h-${i}`)
        expect({ status, body }).toEqual({ status: 202, body: { status: 'accepted' } })
      }
      expect(await witness.effect('h-3')).toMatchObject({ how: 'debounce', sends: 4 })
      expect(effectsOf('d-')).toEqual([['d-11', 1]])
      expect(effectsOf('h-')).toEqual([['h-3', 1]])
    })
  })

  it('make each tick of a schedule once, though one of them is killed', async () => {
    const { body } = await second.get('schedules')
    expect(body).toMatchObject({ schedules: [{ name: 'ticker/tick', every: 1_000 }] })
    await eventually('ticks', () => ticks().length >= 3)
    await first.kill()
    const killedAt = Date.now()
    await eventually('ticks after that', () => Math.max(...ticks()) > killedAt + 3_000)
    expect((await second.post('schedules/ticker%2Ftick/pause')).status).toBe(200)

    // What the killed one was at is taken over a while after those that followed.
    await eventually('none is left out', () => `${ticks()}` === `${everySecondOf(ticks())}`)
    first = await system.start()
  })
})
