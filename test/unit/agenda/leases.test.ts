import { describe, expect, it } from 'vitest'
import { createWorld, promptly, type Replica, takeoverMs, type World } from './support/world.ts'

/** How many shards each replica's name owns in the table. */
async function owned(world: World): Promise<Record<string, number>> {
  const { shards } = await world.leases.list()
  const counts: Record<string, number> = {}
  for (const { owner = 'nobody' } of shards) counts[owner] = (counts[owner] ?? 0) + 1
  return counts
}

const heldBy = (replica: Replica) => replica.agenda.stats().shards

describe('the lease of a replica', () => {
  it('ends when the process stands still, before anybody may take over', async () => {
    const world = createWorld()
    const a = await world.start('a')
    const ticket = await a.add('i:x', 30_000)
    a.process.pause()
    await world.clock.advance(2_600)
    expect([a.agenda.ready(), a.agenda.counts(ticket)]).toEqual([false, false])
  })

  it('is taken up again by the next heartbeat if nobody took over meanwhile', async () => {
    const world = createWorld()
    const a = await world.start('a')
    const ticket = await a.add('i:x', 30_000)
    a.process.pause()
    await world.clock.advance(10_000)
    a.process.resume()
    await world.clock.advance(1_000)
    expect([a.agenda.ready(), a.agenda.counts(ticket)]).toEqual([true, true])
    expect(Object.keys(await owned(world))).toEqual(['a'])
  })

  it('is over when another took over: the replica joins anew, and its tickets count again', async () => {
    const world = createWorld()
    const a = await world.start('a')
    const b = await world.start('b')
    await world.clock.advance(5_000)
    const tickets = []
    for (let n = 0; n < 12; n++) tickets.push(await a.add(`i:x${n}`, 30_000))
    a.process.pause()
    await world.clock.advance(takeoverMs)
    expect(await owned(world)).toEqual({ b: 8 })
    a.process.resume()
    await world.clock.advance(100)
    expect(tickets.some((ticket) => a.agenda.counts(ticket))).toBe(false)
    await world.clock.advance(3_000)
    expect(await owned(world)).toEqual({ 'a~2': 4, b: 4 })
    expect([heldBy(a), heldBy(b)]).toEqual([4, 4])
    expect(tickets.every((ticket) => a.agenda.counts(ticket))).toBe(true)
  })

  it('is timed from before a heartbeat was sent, not from when its answer came', async () => {
    const world = createWorld()
    const a = await world.start('a', { options: { requestMs: 10_000 } })
    const beats = a.leases.stall('putReplica', 'answer')
    await world.clock.advance(600)
    expect(beats).toHaveLength(1)
    await world.clock.advance(2_200)
    beats[0]?.release()
    await world.clock.advance(10)
    // Sent at 500, answered at 2 800.
    expect(a.agenda.ready()).toBe(true)
    await world.clock.advance(200)
    expect(a.agenda.ready()).toBe(false)
  })

  it('survives a heartbeat that arrives although its answer does not', async () => {
    const world = createWorld()
    const a = await world.start('a')
    await world.start('b')
    await world.clock.advance(5_000)
    const beats = a.leases.stall('putReplica', 'answer')
    await world.clock.advance(600)
    a.leases.open()
    for (const beat of beats) beat.fail()
    await world.clock.advance(20_000)
    expect(beats.length).toBeGreaterThan(0)
    expect(await owned(world)).toEqual({ a: 4, b: 4 })
    expect(a.agenda.ready()).toBe(true)
  })

  it('survives a heartbeat that never arrives', async () => {
    const world = createWorld()
    const a = await world.start('a')
    await world.start('b')
    await world.clock.advance(5_000)
    const beats = a.leases.stall('putReplica', 'request')
    await world.clock.advance(600)
    a.leases.open()
    await world.clock.advance(5_000)
    // It lands after all, much later.
    for (const beat of beats) beat.release()
    await world.clock.advance(5_000)
    expect(await owned(world)).toEqual({ a: 4, b: 4 })
    expect(a.agenda.ready()).toBe(true)
  })

  it('is not taken from one whose heartbeats arrive, however slow its looks are', async () => {
    const world = createWorld()
    const a = await world.start('a')
    await world.start('b')
    await world.clock.advance(5_000)
    a.leases.stall('list', 'request')
    await world.clock.advance(20_000)
    expect(await owned(world)).toEqual({ a: 4, b: 4 })
    expect(a.agenda.ready()).toBe(true)
  })
})

describe('a shard’s record', () => {
  it('whose claim arrived without an answer is claimed again before it is owned', async () => {
    const world = createWorld()
    const a = world.create('a')
    const claims = a.leases.stall('putShard', 'answer')
    await promptly(world.clock, a.agenda.start())
    expect(await owned(world)).toEqual({ a: 8 })
    expect(heldBy(a)).toBe(0)
    a.leases.open()
    await world.clock.advance(2_000)
    expect(heldBy(a)).toBe(8)
    for (const claim of claims) claim.release()
    await world.clock.advance(100)
    expect(heldBy(a)).toBe(8)
  })

  it('whose release arrives late is not owned by two', async () => {
    const world = createWorld()
    const a = await world.start('a')
    const releases = a.leases.stall('putShard', 'request')
    const b = await world.start('b')
    await world.clock.advance(3_000)
    a.leases.open()
    await world.clock.advance(2_000)
    for (const release of releases) release.release()
    await world.clock.advance(3_000)
    expect(releases.length).toBeGreaterThan(0)
    expect(await owned(world)).toEqual({ a: 4, b: 4 })
    expect([heldBy(a), heldBy(b)]).toEqual([4, 4])
  })

  it('whose cursor was stored without an answer is stored again later', async () => {
    const world = createWorld()
    const settings = { options: { cursorEntries: 1, cursorMs: 1_000 } }
    const a = await world.start('a', settings)
    const cursors = async () => (await world.leases.list()).shards.map(({ cursor }) => cursor)
    const done = async () => {
      for (let n = 0; n < 8; n++) a.agenda.retire(await a.add(`i:x${n}`, 1_000))
      await world.clock.advance(4_000)
    }
    const stalls = a.leases.stall('putShard', 'answer')
    await done()
    a.leases.open()
    for (const stall of stalls) stall.fail()
    const before = await cursors()
    await done()
    const after = await cursors()
    expect(stalls).toHaveLength(8)
    expect(after.every((cursor, shard) => cursor > (before[shard] ?? '~'))).toBe(true)
    expect(await owned(world)).toEqual({ a: 8 })
  })
})
