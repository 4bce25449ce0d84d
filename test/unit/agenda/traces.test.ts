import type { Ticket } from '@fermata/orchestrator/engine/agenda/agenda'
import type { AgendaItem } from '@fermata/orchestrator/ports'
import { describe, expect, it } from 'vitest'
import type { Stalled } from './support/stallable.ts'
import { createWorld, promptly, takeoverMs } from './support/world.ts'

/** For tests of hours. */
const calm = {
  options: {
    leaseMs: 60_000,
    heartbeatMs: 20_000,
    marginMs: 10_000,
    lookMs: 20_000,
    tidyMs: 5_000,
  },
}

/** Entries that a held-back put names. */
const subjectsOf = (call: Stalled) =>
  (call.args[0] as AgendaItem).entries.map(({ subject }) => subject)

describe('trace 1: news on nobody’s agenda', () => {
  it('an entry whose flush never arrived was never acknowledged, so nothing relied on it', async () => {
    const world = createWorld()
    const a = await world.start('a')
    const b = await world.start('b')
    await world.clock.advance(5_000)
    const puts = a.store.stall('put', 'request')
    let acknowledged = false
    void a.agenda.add({ subject: 'i:x', kind: 'watch', dueAt: world.clock.now() + 30_000 }).then(
      () => {
        acknowledged = true
      },
      () => undefined,
    )
    await world.clock.advance(50)
    expect(puts.length).toBeGreaterThan(0)
    a.process.kill()
    await world.clock.advance(60_000)
    expect(acknowledged).toBe(false)
    expect(b.agenda.stats().shards).toBe(8)
    expect(world.nudges).toEqual([])
  })

  it('an entry that was acknowledged is looked at by another, whenever its owner dies', async () => {
    const world = createWorld()
    const a = await world.start('a')
    await world.start('b')
    await world.clock.advance(5_000)
    await a.add('i:x', 30_000)
    a.process.kill()
    await world.clock.advance(takeoverMs)
    expect(world.nudged('i:x').map(({ by }) => by)).toEqual(['b'])
  })
})

describe('trace 2: a stalled owner’s flush lands behind the cursor', () => {
  it('does not count, but is written again to a shard that is owned', async () => {
    const world = createWorld()
    const a = await world.start('a')
    const b = await world.start('b')
    await world.clock.advance(5_000)
    // The put is sent while the lease holds, and then everything of `a` stands still.
    const puts = a.store.stall('put', 'request')
    let ticket: Ticket | undefined
    const adding = a.agenda.add({ subject: 'i:x', kind: 'watch', dueAt: world.clock.now() + 9_000 })
    void adding.then((made) => {
      ticket = made
    })
    await world.clock.advance(20)
    a.process.pause()
    await world.clock.advance(takeoverMs)
    expect(b.agenda.stats().shards).toBe(8)
    // Now it lands, in a shard of `b` that was read already.
    const [late] = puts
    late?.release()
    a.store.open()
    await world.clock.advance(20)
    a.process.resume()
    await world.clock.settle()
    expect(ticket).toBeUndefined()
    await promptly(world.clock, adding)
    const [first] = (late?.args ?? []) as { shard: number }[]
    const written = (await world.items()).filter(({ entries }) => entries[0]?.subject === 'i:x')
    const { shards } = await world.leases.list()
    const owner = (shard: number) => shards.find((record) => record.shard === shard)?.owner
    expect(written.length).toBeGreaterThan(1)
    expect(written.some(({ shard }) => shard === first?.shard)).toBe(true)
    expect(written.some(({ shard }) => owner(shard) === 'a~2')).toBe(true)
    // `a` acknowledged it; now it dies, and `b` must find it.
    a.process.kill()
    await world.clock.advance(takeoverMs + 9_000)
    expect(world.nudged('i:x').filter(({ by }) => by === 'b')).not.toEqual([])
  })

  it('counts without another write when the lease turns out to have held all the time', async () => {
    const world = createWorld()
    const a = await world.start('a', { options: { requestMs: 10_000 } })
    await world.clock.advance(1_000)
    a.leases.failing = () => true
    const puts = a.store.stall('put', 'answer')
    let ticket: Ticket | undefined
    void a.agenda
      .add({ subject: 'i:x', kind: 'watch', dueAt: world.clock.now() + 30_000 })
      .then((made) => {
        ticket = made
      })
    await world.clock.advance(3_000)
    for (const put of puts) put.release()
    await world.clock.advance(100)
    expect(ticket).toBeUndefined()
    expect(a.agenda.ready()).toBe(false)
    const before = a.agenda.stats().puts
    a.leases.failing = () => false
    await world.clock.advance(600)
    expect(ticket !== undefined && a.agenda.counts(ticket)).toBe(true)
    expect(a.agenda.stats().puts).toBe(before)
  })

  it('what an entry replaces stays until the new one counts', async () => {
    const world = createWorld()
    const settings = { options: { tidyMs: 100, cursorMs: 100, cursorEntries: 1 } }
    const a = await world.start('a', settings)
    await world.start('b')
    await world.clock.advance(5_000)
    await a.add('i:x', 1_000)
    world.answer = (_, by) =>
      by === 'a'
        ? { kind: 'again', dueAt: world.clock.now() + 20_000, agendaKind: 'watch' }
        : { kind: 'retire' }
    const puts = a.store.stall('put', 'request')
    await world.clock.advance(2_000)
    expect(world.nudged('i:x').map(({ by }) => by)).toEqual(['a'])
    expect(puts.map(subjectsOf)).toContainEqual(['i:x'])
    a.process.kill()
    await world.clock.advance(takeoverMs)
    expect(world.nudged('i:x').map(({ by }) => by)).toEqual(['a', 'b'])
  })
})

describe('trace 3: one item, many due times', () => {
  const day = 24 * 3_600_000

  it('an item is not passed while one of its entries is still to come', async () => {
    const world = createWorld()
    const a = await world.start('a', calm)
    // Both in one flush of one class.
    const [watch, sleep] = [a.agenda.add, a.agenda.add].map((add, n) =>
      add.call(a.agenda, {
        subject: n === 0 ? 'i:x' : 'i:y',
        kind: 'timer',
        dueAt: world.clock.now() + (n === 0 ? 2 : 50) * 60_000,
      }),
    )
    a.agenda.retire(await promptly(world.clock, watch as Promise<Ticket>))
    await promptly(world.clock, sleep as Promise<Ticket>)
    expect(await world.items()).toHaveLength(1)
    await world.clock.advance(45 * 60_000)
    a.process.kill()
    await world.start('b', calm)
    await world.clock.advance(6 * 60_000)
    expect(world.nudges.map(({ by, subject }) => [by, subject])).toEqual([['b', 'i:y']])
  })

  it('a watch and a sleep of a week do not share an item', async () => {
    const world = createWorld()
    const a = await world.start('a', calm)
    const now = world.clock.now()
    const adds = [30_000, 7 * day].map((inMs) =>
      a.agenda.add({ subject: 'i:x', kind: 'timer', dueAt: now + inMs }),
    )
    await promptly(world.clock, Promise.all(adds))
    expect((await world.items()).map(({ entries }) => entries.length)).toEqual([1, 1])
  })

  it('a takeover does not look at every sleeping journal', async () => {
    const world = createWorld()
    const a = await world.start('a', calm)
    const now = world.clock.now()
    const adds = Array.from({ length: 300 }, (_, n) =>
      a.agenda.add({ subject: `i:s${n}`, kind: 'timer', dueAt: now + 200_000 + n * 6_000 }),
    )
    await promptly(world.clock, Promise.all(adds))
    await a.add('i:watched', 30_000)
    a.process.kill()
    await world.start('b', calm)
    await world.clock.advance(100_000)
    expect(world.nudges.map(({ subject }) => subject)).toEqual(['i:watched'])
    // And yet each wakes in its time.
    await world.clock.advance(200_000 + 300 * 6_000)
    expect(new Set(world.nudges.map(({ subject }) => subject)).size).toBe(301)
  })

  it('few entries that are far from due do not hold the cursor back for long', async () => {
    const world = createWorld()
    const a = await world.start('a', calm)
    const now = world.clock.now()
    const adds = [60_000, 59 * 60_000].map((inMs, n) =>
      a.agenda.add({ subject: `i:s${n}`, kind: 'timer', dueAt: now + inMs }),
    )
    await promptly(world.clock, Promise.all(adds))
    await world.clock.advance(10 * 60_000)
    expect(a.agenda.stats().moved).toBe(1)
    const { shards } = await world.leases.list()
    const [first] = (await world.items()).filter(({ entries }) => entries.length === 2)
    const shard = shards.find((record) => record.shard === first?.shard)
    expect((shard?.cursor ?? '') >= (first?.key ?? '~')).toBe(true)
    await world.clock.advance(50 * 60_000)
    expect(world.nudged('i:s1')).toHaveLength(1)
  })
})

describe('trace 16: a watch that was spent too early', () => {
  it('an append that is acknowledged after the lease was lost finds that its watch no longer counts', async () => {
    const world = createWorld()
    const a = await world.start('a')
    await world.start('b')
    await world.clock.advance(5_000)
    const ticket = await a.add('i:x', 30_000)
    // `a` stands still before its append; `b` looks, finds nothing due, and gives the entry up.
    a.process.pause()
    await world.clock.advance(takeoverMs)
    expect(world.nudged('i:x').map(({ by }) => by)).toEqual(['b'])
    a.process.resume()
    // Here the append of `a` lands.
    expect(a.agenda.counts(ticket)).toBe(false)
    expect(await promptly(world.clock, a.agenda.renew(ticket))).toBe(ticket)
    expect(a.agenda.counts(ticket)).toBe(true)
    a.process.kill()
    await world.clock.advance(takeoverMs)
    expect(world.nudged('i:x').map(({ by }) => by)).toEqual(['b', 'b'])
  })

  it('a watch that this very process gave up when it looked must be written again, too', async () => {
    const world = createWorld()
    const a = await world.start('a')
    const ticket = await a.add('i:x', 1_000)
    await world.clock.advance(70_000)
    expect(world.nudged('i:x')).toHaveLength(1)
    expect(a.agenda.counts(ticket)).toBe(false)
    await promptly(world.clock, a.agenda.renew(ticket))
    a.process.kill()
    await world.start('b')
    await world.clock.advance(takeoverMs)
    expect(world.nudged('i:x').map(({ by }) => by)).toEqual(['a', 'a', 'b'])
  })
})

describe('trace 16, within one process: a look that is out of date when it is over', () => {
  it('does not take an entry away that was found to count meanwhile, but looks again', async () => {
    const world = createWorld()
    const a = await world.start('a')
    const ticket = await a.add('i:x', 1_000)
    let work = false
    const found: boolean[] = []
    world.answer = async () => {
      found.push(work)
      await world.clock.sleep(500)
      return { kind: 'retire' }
    }
    await world.clock.advance(1_200)
    // The look has seen the journal; now the append lands, and its watch still counts.
    work = true
    expect(a.agenda.counts(ticket)).toBe(true)
    await world.clock.advance(2_000)
    expect(found).toEqual([false, true])
  })

  it('does not put it off either', async () => {
    const world = createWorld()
    const a = await world.start('a')
    const ticket = await a.add('i:x', 1_000)
    world.answer = async () => {
      await world.clock.sleep(500)
      return { kind: 'again', dueAt: world.clock.now() + 86_400_000, agendaKind: 'timer' }
    }
    await world.clock.advance(1_200)
    expect(a.agenda.counts(ticket)).toBe(true)
    await world.clock.advance(5_000)
    expect(world.nudged('i:x')).toHaveLength(2)
  })

  it('an entry that was put off for a day no longer counts for what was to be looked at soon', async () => {
    const world = createWorld()
    const a = await world.start('a')
    const ticket = await a.add('i:x', 1_000)
    world.answer = () => ({
      kind: 'again',
      dueAt: world.clock.now() + 86_400_000,
      agendaKind: 'timer',
    })
    await world.clock.advance(2_000)
    expect(a.agenda.counts(ticket)).toBe(false)
    await promptly(world.clock, a.agenda.renew(ticket))
    expect(a.agenda.counts(ticket)).toBe(true)
    await world.clock.advance(31_000)
    expect(world.nudged('i:x')).toHaveLength(2)
    // What was to be looked at in a day from the start does count.
    const sleep = await a.add('i:y', 86_400_000, 'timer')
    expect(a.agenda.counts(sleep)).toBe(true)
  })
})

describe('trace 19: a slow clock behind the cursor', () => {
  it('an owner with a slower clock writes after the stored cursor all the same', async () => {
    const world = createWorld()
    const settings = { options: { cursorEntries: 1, cursorMs: 1_000 } }
    const fast = await world.start('fast', { ...settings, wallOffsetMs: 120_000 })
    for (let n = 0; n < 16; n++) fast.agenda.retire(await fast.add(`i:f${n}`, 1_000))
    await world.clock.advance(5_000)
    await promptly(world.clock, fast.agenda.stop())
    const slow = await world.start('slow', settings)
    await world.clock.advance(1_000)
    const cursors = new Map(
      (await world.leases.list()).shards.map(({ shard, cursor }) => [shard, cursor]),
    )
    // Due now by the slow clock: two minutes behind the cursor.
    for (let n = 0; n < 16; n++) await slow.add(`i:s${n}`, 500)
    const written = (await world.items()).filter(({ entries }) =>
      entries[0]?.subject.startsWith('i:s'),
    )
    expect(written).toHaveLength(16)
    expect(written.every(({ shard, key }) => key > (cursors.get(shard) ?? '~'))).toBe(true)
    slow.process.kill()
    await world.start('third')
    await world.clock.advance(takeoverMs)
    const found = world.nudges.filter(({ by }) => by === 'third')
    expect(found.map(({ subject }) => subject).toSorted()).toHaveLength(16)
  })
})
