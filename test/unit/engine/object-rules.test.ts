/** Rules of objects that planted bugs have shown to need tests of their own. */

import type { Agenda, Ticket } from '@fermata/orchestrator/engine/agenda/agenda'
import { Mailbox } from '@fermata/orchestrator/engine/objects/mailbox'
import type { AgendaEntry, Clock } from '@fermata/orchestrator/ports'
import { describe, expect, it } from 'vitest'
import { append, ask, asked, call, cart, keyA, objectWorld, resultOf } from './object-scenes.ts'
import { comes, during, flat, forgotten, has, never, yes } from './scenes.ts'
import { type Replica, type Script, until } from './world.ts'

const open = (replica: Replica, id: string) =>
  replica.engine.ingress.completeAwakeable(`${id}.0`, yes)

describe('a holder', () => {
  it('whose replica is killed goes on elsewhere within seconds, and the line behind it', async () => {
    let isVictim = true
    const hanging: Script = (request, writer) => (isVictim ? never : append(request, writer))
    const world = objectWorld({ cart: { ...cart, add: ['exclusive', hanging] } })
    const victim = await world.start()
    const first = await asked(world, victim, { handler: 'add', input: 'a' })
    await comes(world, first, 'attempt')
    const survivor = await world.start()
    const second = await asked(world, survivor, { handler: 'add', input: 'b' })
    await world.clock.advance(1_000)
    victim.kill()
    isVictim = false
    const killedAt = world.clock.now()
    expect(await resultOf(world, survivor, first)).toBe(1)
    expect(await resultOf(world, survivor, second)).toBe(2)
    expect(world.clock.now() - killedAt).toBeLessThan(15_000)
  })

  it('whose beginning was stored, but not acknowledged, is begun again within seconds', async () => {
    const world = objectWorld({ cart })
    const { journals } = world.stores
    const store = journals.append.bind(journals)
    let failures = 0
    Object.assign(journals, {
      append: async (...args: Parameters<typeof store>) => {
        const answer = await store(...args)
        const isBeginning = args[1].entries.some(({ kind }) => kind === 'created')
        if (isBeginning && failures++ === 0) throw new Error('the answer was lost')
        return answer
      },
    })
    const replica = await world.start()
    const id = await asked(world, replica, { handler: 'add' })
    const askedAt = world.clock.now()
    expect(await resultOf(world, replica, id)).toBe(1)
    expect(world.clock.now() - askedAt).toBeLessThan(10_000)
    expect(failures).toBeGreaterThan(0)
  })

  it('has no output for others before they can see what it changed', async () => {
    const world = objectWorld({ cart })
    let isArmed = false
    const finisher = await world.start({
      onFault(point, _subject, self) {
        if (isArmed && point === 'head.before') self().kill()
      },
    })
    const other = await world.start()
    isArmed = true
    const id = await asked(world, finisher, { handler: 'add', input: 'mine' })
    await comes(world, id, 'output')
    expect(await during(world, other.engine.ingress.output(id), 10)).toBeUndefined()
    expect(await resultOf(world, other, id)).toBe(1)
    expect(await call(world, other, { handler: 'list' })).toEqual(['mine'])
  })
})

describe('news that comes just as the turn does', () => {
  it('is told to the journal that has begun', async () => {
    const world = objectWorld({ cart })
    const replica = await world.start()
    const holder = await asked(world, replica, { handler: 'gated' })
    await comes(world, holder, 'suspended')
    const next = await asked(world, replica, { handler: 'gated' })
    const other = await world.start()
    const { journals } = world.stores
    const store = journals.append.bind(journals)
    let isFirst = true
    Object.assign(journals, {
      append: async (...args: Parameters<typeof store>) => {
        if (isFirst && args[1].entries[0]?.kind === 'cancel') {
          isFirst = false
          await open(replica, holder)
          while (!(await has(world, next, 'created'))) await world.clock.sleep(10)
        }
        return store(...args)
      },
    })
    await during(world, other.engine.admin.cancel(next, undefined))
    expect(isFirst).toBe(false)
    await world.clock.advance(2_000)
    const kinds = (await flat(world, next)).map(({ kind }) => kind)
    expect(kinds[0]).toBe('created')
    expect(kinds).toContain('cancel')
  })
})

describe('the entry of a key on the agenda', () => {
  it('is not spent before its time: the slot that it protects may be on its way (trace 16)', async () => {
    const world = objectWorld({ cart })
    let isArmed = true
    const slow = await world.start({
      onFault(point, _subject, self) {
        if (isArmed && point === 'slot.before-append') self().pause()
        if (point === 'slot.after-append') self().kill()
        if (point === 'slot.before-append') isArmed = false
      },
    })
    expect(await ask(world, slow, { handler: 'add', input: 'late' }, 200)).toBeUndefined()
    await world.start()
    // It takes the shards of the silent one over, and looks at what stands there.
    await world.clock.advance(15_000)
    slow.resume()
    await until(world.clock, async () => (await world.stores.objects.lastSlot(keyA)) === 1)
    const took = await until(world.clock, async () => {
      return (await world.stores.objects.head(keyA))?.done === 1
    })
    expect(took).toBeLessThan(45_000)
  })

  it('stands for a slot although it was given up while the slot was on its way', async () => {
    const world = objectWorld({ cart })
    let isStalled = false
    let isArmed = false
    const slow = await world.start({
      onFault(point, _subject, self) {
        if (!isStalled && point === 'slot.before-append') {
          isStalled = true
          self().pause()
        }
        if (isArmed && point === 'append.before') self().kill()
      },
    })
    const accepted = ask(world, slow, { handler: 'add', input: 'late' }, 120_000)
    await world.clock.advance(100)
    const other = await world.start()
    await world.clock.advance(60_000)
    isArmed = true
    slow.resume()
    const took = await until(world.clock, async () => {
      return (await world.stores.objects.head(keyA))?.done === 1
    })
    expect(took).toBeLessThan(60_000)
    expect(await call(world, other, { handler: 'list' })).toEqual(['late'])
    await accepted
  })

  it('is one, however long the line is and however long it waits', async () => {
    const world = objectWorld({ cart })
    const replica = await world.start()
    const holder = await asked(world, replica, { handler: 'gated', input: 'first' })
    await comes(world, holder, 'suspended')
    for (let n = 0; n < 40; n++) {
      await asked(world, replica, { handler: 'add', input: n })
      await world.clock.advance(2_000)
    }
    await forgotten(world)
    const { agenda } = world.stores
    let entries: AgendaEntry[] = []
    for (let shard = 0; shard < 32; shard++) {
      const items = await agenda.list(shard, `${world.clock.now()}`, '9', 1_000)
      entries = [...entries, ...items.flatMap((item) => item.entries)]
    }
    const ofKey = entries.filter(({ subject }) => subject === 'k:cart#a')
    expect(ofKey.length).toBeLessThan(4)
    await during(world, open(replica, holder))
    await world.clock.advance(10_000)
    expect(await call(world, replica, { handler: 'list' })).toHaveLength(41)
  })

  it('is not taken back while a slot may be on its way', async () => {
    const retired: Ticket[] = []
    const agenda = {
      add: async (entry: AgendaEntry) => ({ entry }),
      counts: () => true,
      retire: (ticket: Ticket) => void retired.push(ticket),
    } as unknown as Agenda
    const clock = { now: () => 0 } as Clock
    const mailbox = new Mailbox({ agenda, clock, watchMs: 1, ref: keyA, subject: 'k:cart#a' })
    await mailbox.ensure()
    const gate = Promise.withResolvers<void>()
    const accepting = mailbox.accepting(() => gate.promise)
    mailbox.release()
    expect(retired).toHaveLength(0)
    gate.resolve()
    await accepting
    const looking = mailbox.inTurn('turn', async () => {
      mailbox.release()
      return 'empty'
    })
    mailbox.release()
    expect(retired).toHaveLength(0)
    await looking
    expect(retired).toHaveLength(1)
  })
})
