import { describe, expect, it } from 'vitest'
import { createWorld, promptly, type Replica, takeoverMs, type World } from './support/world.ts'

const shardCounts = (replicas: readonly Replica[]) =>
  replicas.map(({ agenda }) => agenda.stats().shards).toSorted((x, y) => x - y)

/** Owner by shard, as it is stored. */
async function owners(world: World): Promise<readonly (string | undefined)[]> {
  const { shards } = await world.leases.list()
  return shards.map((shard) => shard.owner)
}

describe('agendas of several replicas', () => {
  it('share the shards evenly while replicas come', async () => {
    const world = createWorld()
    const replicas = [await world.start('a')]
    await world.clock.advance(1_000)
    replicas.push(await world.start('b'))
    await world.clock.advance(3_000)
    expect(shardCounts(replicas)).toEqual([4, 4])
    replicas.push(await world.start('c'))
    await world.clock.advance(3_000)
    expect(shardCounts(replicas)).toEqual([2, 3, 3])
    expect(replicas.map(({ agenda }) => agenda.replicas())).toEqual([3, 3, 3])
    expect(new Set(await owners(world))).toEqual(new Set(['a', 'b', 'c']))
  })

  it('share the shards evenly although the writes that were to hand some over failed', async () => {
    const world = createWorld()
    const a = await world.start('a')
    await world.clock.advance(1_000)
    await a.add('i:x', 20_000)
    const lost = a.leases.stall('putShard', 'request')
    const b = world.create('b')
    void b.agenda.start()
    await world.clock.advance(1_000)
    a.leases.open()
    for (const call of lost) call.fail()
    await world.clock.advance(3_000)
    expect(lost.length).toBeGreaterThan(0)
    expect(shardCounts([a, b])).toEqual([4, 4])
    expect(await owners(world)).not.toContain(undefined)
  })

  it('share the shards evenly while replicas go', async () => {
    const world = createWorld()
    const [a, b, c] = [await world.start('a'), await world.start('b'), await world.start('c')]
    await world.clock.advance(5_000)
    await promptly(world.clock, b.agenda.stop())
    await world.clock.advance(1_000)
    expect(shardCounts([a, c])).toEqual([4, 4])
    a.process.kill()
    await world.clock.advance(takeoverMs)
    expect(shardCounts([c])).toEqual([8])
    expect(c.agenda.replicas()).toBe(1)
  })

  it('give everybody a shard when there are nearly as many replicas as shards', async () => {
    const world = createWorld()
    const replicas = [await world.start('r0')]
    for (let n = 1; n < 7; n++) replicas.push(await world.start(`r${n}`))
    await world.clock.advance(10_000)
    expect(shardCounts(replicas)).toEqual([1, 1, 1, 1, 1, 1, 2])
    expect(replicas.every(({ agenda }) => agenda.ready())).toBe(true)
  })

  it('hand over at once when one stops, and what is due within a watch is looked at then', async () => {
    const world = createWorld()
    const a = await world.start('a')
    const b = await world.start('b')
    await world.clock.advance(5_000)
    for (let n = 0; n < 8; n++) await a.add(`i:x${n}`, 30_000)
    await promptly(world.clock, a.agenda.stop())
    const stopped = world.clock.now()
    await world.clock.advance(1_000)
    expect(b.agenda.stats().shards).toBe(8)
    expect(world.nudges.map(({ subject }) => subject).toSorted()).toEqual(
      Array.from({ length: 8 }, (_, n) => `i:x${n}`),
    )
    expect(Math.max(...world.nudges.map(({ at }) => at)) - stopped).toBeLessThan(600)
  })

  it('keep what a replica works on its own when it gives a shard up to another', async () => {
    const world = createWorld()
    const a = await world.start('a')
    const tickets = []
    for (let n = 0; n < 16; n++) tickets.push(await a.add(`i:x${n}`, 30_000))
    await world.clock.advance(3_000)
    const b = await world.start('b')
    for (let step = 0; step < 300; step++) {
      await world.clock.advance(10)
      expect(tickets.every((ticket) => a.agenda.counts(ticket))).toBe(true)
    }
    expect(shardCounts([a, b])).toEqual([4, 4])
    expect(world.nudges).toEqual([])
    await world.clock.advance(40_000)
    expect(world.nudges.map(({ by }) => by)).toEqual(Array(16).fill('a'))
  })

  it('look at everything of one that is killed, within a lease', async () => {
    const world = createWorld()
    const a = await world.start('a')
    await world.start('b')
    await world.start('c')
    await world.clock.advance(5_000)
    for (let n = 0; n < 20; n++) await a.add(`i:x${n}`, 30_000)
    a.process.kill()
    await world.clock.advance(takeoverMs)
    const subjects = new Set(world.nudges.map(({ subject }) => subject))
    expect(subjects.size).toBe(20)
    expect(new Set(world.nudges.map(({ by }) => by))).toEqual(new Set(['b', 'c']))
  })

  it('do not take shards from a live owner whose record one look just missed', async () => {
    const world = createWorld()
    const a = await world.start('a')
    await world.clock.advance(2_000)
    const b = world.create('b')
    // A look is no snapshot: `b` reads the replicas before `a` joined, and the shards after it took them.
    const list = world.leases.list.bind(world.leases)
    let looks = 0
    world.leases.list = async () => {
      const all = await list()
      looks++
      return looks === 1 ? { ...all, replicas: all.replicas.filter((r) => r.replica !== 'a') } : all
    }
    await promptly(world.clock, b.agenda.start())
    expect(b.agenda.stats().shards).toBe(0)
    expect(a.agenda.stats().shards).toBe(8)
  })
})
