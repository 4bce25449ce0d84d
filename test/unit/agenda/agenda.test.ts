import { describe, expect, it } from 'vitest'
import { createWorld, promptly } from './support/world.ts'

describe('an agenda of one replica', () => {
  it('owns all shards once it has started, and is ready', async () => {
    const world = createWorld()
    const a = await world.start('a')
    expect(a.agenda.ready()).toBe(true)
    expect(a.agenda.stats().shards).toBe(8)
    expect(a.agenda.replicas()).toBe(1)
  })

  it('has an entry durable and counting when add resolves', async () => {
    const world = createWorld()
    const a = await world.start('a')
    const ticket = await a.add('i:x', 30_000)
    const items = await world.items()
    expect(items.flatMap((item) => item.entries)).toEqual([ticket.entry])
    expect(a.agenda.counts(ticket)).toBe(true)
  })

  it('looks at an entry when it is due, and never again once that was retired', async () => {
    const world = createWorld()
    const a = await world.start('a')
    await a.add('i:x', 5_000, 'timer')
    await world.clock.advance(4_900)
    expect(world.nudges).toEqual([])
    await world.clock.advance(200)
    expect(world.nudged('i:x')).toHaveLength(1)
    await world.clock.advance(600_000)
    expect(world.nudged('i:x')).toHaveLength(1)
  })

  it('does not look at what was retired before it was due', async () => {
    const world = createWorld()
    const a = await world.start('a')
    const ticket = await a.add('i:x', 30_000)
    a.agenda.retire(ticket)
    await world.clock.advance(60_000)
    expect(world.nudges).toEqual([])
    expect(a.agenda.counts(ticket)).toBe(false)
  })

  it('looks again when the answer says so, and the ticket stands for the new time', async () => {
    const world = createWorld()
    const a = await world.start('a')
    const begun = world.clock.now()
    const ticket = await a.add('i:x', 30_000)
    world.answer = () => ({ kind: 'again', dueAt: world.clock.now() + 30_000, agendaKind: 'watch' })
    await world.clock.advance(100_000)
    const times = world.nudges.map(({ at }) => Math.round((at - begun) / 1_000))
    expect(times).toEqual([30, 60, 90])
    expect(a.agenda.counts(ticket)).toBe(true)
    a.agenda.retire(ticket)
    await world.clock.advance(100_000)
    expect(world.nudges).toHaveLength(3)
  })

  it('wakes what is due in a week in a week', async () => {
    const world = createWorld()
    const a = await world.start('a')
    const week = 7 * 24 * 3_600_000
    const ticket = await a.add('i:sleeper', week, 'timer')
    expect(a.agenda.stats().items).toBe(0)
    await promptly(world.clock, a.agenda.stop())
    await world.clock.advance(week - 60_000)
    await world.start('b')
    await world.clock.advance(70_000)
    expect(world.nudged('i:sleeper')).toHaveLength(1)
    expect(world.nudged('i:sleeper')[0]?.at).toBe(ticket.entry.dueAt)
  })

  it('tries a look that fails again with growing pauses, and others do not wait for it', async () => {
    const world = createWorld()
    const a = await world.start('a', { options: { maxNudges: 2 } })
    world.answer = ({ subject }) => {
      if (subject === 'i:bad') throw new Error('no')
      return { kind: 'retire' }
    }
    await a.add('i:bad', 1_000)
    for (let n = 0; n < 10; n++) await a.add(`i:good${n}`, 2_000)
    await world.clock.advance(10_000)
    expect(world.nudges.filter(({ subject }) => subject !== 'i:bad')).toHaveLength(10)
    const early = world.nudged('i:bad').length
    expect(early).toBeGreaterThan(2)
    expect(early).toBeLessThan(8)
    world.answer = () => ({ kind: 'retire' })
    await world.clock.advance(60_000)
    const after = world.nudged('i:bad').length
    await world.clock.advance(600_000)
    expect(world.nudged('i:bad')).toHaveLength(after)
  })

  it('gives the place of a look that takes long to others', async () => {
    const world = createWorld()
    const a = await world.start('a', { options: { maxNudges: 2 } })
    world.answer = ({ subject }) =>
      subject.startsWith('i:slow') ? new Promise(() => undefined) : { kind: 'retire' }
    await a.add('i:slow1', 1_000)
    await a.add('i:slow2', 1_000)
    await a.add('i:good', 2_000)
    await world.clock.advance(5_000)
    expect(world.nudged('i:good')).toHaveLength(0)
    await world.clock.advance(30_000)
    expect(world.nudged('i:good')).toHaveLength(1)
  })

  it('waits for a table that fails, without spinning, and then writes', async () => {
    const world = createWorld()
    const a = await world.start('a')
    let tries = 0
    a.store.failing = (method) => method === 'put' && ++tries > 0
    const adding = a.agenda.add({
      subject: 'i:x',
      kind: 'watch',
      dueAt: world.clock.now() + 30_000,
    })
    await world.clock.advance(20_000)
    expect(tries).toBeGreaterThan(5)
    expect(tries).toBeLessThan(40)
    a.store.failing = () => false
    const ticket = await promptly(world.clock, adding)
    expect(a.agenda.counts(ticket)).toBe(true)
  })

  it('starts although the table cannot be reached, and joins when it can', async () => {
    const world = createWorld()
    const a = world.create('a')
    a.leases.failing = () => true
    await promptly(world.clock, a.agenda.start())
    await world.clock.advance(5_000)
    expect(a.agenda.ready()).toBe(false)
    a.leases.failing = () => false
    await world.clock.advance(2_000)
    expect(a.agenda.ready()).toBe(true)
  })

  it('refuses entries once it is stopped', async () => {
    const world = createWorld()
    const a = await world.start('a')
    await promptly(world.clock, a.agenda.stop())
    const entry = { subject: 'i:x', kind: 'watch', dueAt: 0 } as const
    await expect(a.agenda.add(entry)).rejects.toMatchObject({ code: 'not-ready' })
  })
})
