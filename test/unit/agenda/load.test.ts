import type { Ticket } from '@fermata/orchestrator/engine/agenda/agenda'
import { describe, expect, it } from 'vitest'
import { createWorld, promptly, type Replica, takeoverMs, type World } from './support/world.ts'

/** `perMs` invocations begin each ms; each is done after `lastMs`. */
async function load(world: World, replica: Replica, forMs: number, perMs: number, lastMs: number) {
  const adds: Promise<Ticket>[] = []
  for (let ms = 0; ms < forMs; ms++) {
    for (let n = 0; n < perMs; n++) {
      const dueAt = world.clock.now() + 30_000
      const adding = replica.agenda.add({ subject: `i:${ms}.${n}`, kind: 'watch', dueAt })
      adds.push(adding)
      void adding.then((ticket) =>
        replica.process.clock.timer(lastMs, () => replica.agenda.retire(ticket)),
      )
    }
    await world.clock.advance(1)
  }
  await promptly(world.clock, Promise.all(adds))
}

describe('an agenda under load', () => {
  it('writes at most a tenth of a put per entry, cursors included', async () => {
    const world = createWorld()
    const a = await world.start('a')
    await load(world, a, 2_000, 2, 100)
    await world.clock.advance(60_000)
    const { entries, puts, cursorWrites } = a.agenda.stats()
    expect(entries).toBeGreaterThanOrEqual(4_000)
    expect((puts + cursorWrites) / 4_000).toBeLessThanOrEqual(0.1)
    expect(world.nudges).toEqual([])
    expect(a.agenda.stats().items).toBe(0)
  })

  it('writes nothing when nothing happens', async () => {
    const world = createWorld()
    const a = await world.start('a')
    await world.clock.advance(120_000)
    expect(a.agenda.stats()).toMatchObject({ puts: 0, cursorWrites: 0 })
  })

  it('keeps items within bounds and loses nothing of a burst', async () => {
    const world = createWorld()
    const a = await world.start('a', { options: { maxItemEntries: 50 } })
    const dueAt = world.clock.now() + 30_000
    const adds = Array.from({ length: 1_000 }, (_, n) =>
      a.agenda.add({ subject: `i:${n}`, kind: 'watch', dueAt }),
    )
    await promptly(world.clock, Promise.all(adds))
    const items = await world.items()
    expect(items.flatMap(({ entries }) => entries)).toHaveLength(1_000)
    expect(Math.max(...items.map(({ entries }) => entries.length))).toBe(50)
    expect(new Set(items.map(({ shard }) => shard)).size).toBe(8)
  })

  it('does not let a stalled put hold entries up', async () => {
    const world = createWorld()
    const a = await world.start('a')
    let puts = 0
    const stalled = a.store.stall('put', 'request', () => puts++ === 0)
    const begun = world.clock.now()
    await a.add('i:x', 30_000)
    expect(stalled).toHaveLength(1)
    expect(world.clock.now() - begun).toBeLessThan(1_200)
    for (const put of stalled) put.release()
    await world.clock.advance(40_000)
    expect(world.nudged('i:x')).toHaveLength(1)
  })

  it('holds what is written while a shard is being read', async () => {
    const world = createWorld()
    const a = world.create('a', { options: { requestMs: 60_000 } })
    const lists = a.store.stall('list', 'answer')
    await promptly(world.clock, a.agenda.start())
    await a.add('i:x', 5_000)
    a.store.open()
    for (const list of lists) list.release()
    await world.clock.advance(6_000)
    expect(lists).toHaveLength(8)
    expect(world.nudged('i:x')).toHaveLength(1)
  })

  it('moves a few that last long out of the way, so that a taker does not look at all that is done', async () => {
    const world = createWorld()
    const settings = { options: { shards: 1, cursorMs: 1_000, cursorEntries: 50 } }
    const a = await world.start('a', settings)
    const lasting = await a.add('i:lasting', 30_000)
    await load(world, a, 1_000, 2, 50)
    await world.clock.advance(8_000)
    expect(a.agenda.counts(lasting)).toBe(true)
    a.process.kill()
    await world.start('b', settings)
    await world.clock.advance(takeoverMs)
    expect(world.nudged('i:lasting').map(({ by }) => by)).toEqual(['b'])
    expect(world.nudges.length).toBeLessThan(200)
  })
})
