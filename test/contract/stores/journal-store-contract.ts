import { expect } from 'vitest'
import {
  bulky,
  describeCases,
  freshInvocation,
  hourMs,
  inAnHour,
  type SegmentFields,
  type StoreCases,
  type StoresUnderTest,
  segmentOf,
} from './harness.ts'

async function journalOf(stores: StoresUnderTest, count: number, fields: SegmentFields = {}) {
  const id = freshInvocation()
  const segments = Array.from({ length: count }, (_, n) => segmentOf(n, fields))
  for (const segment of segments) {
    await expect(stores.journals.append(id, segment, inAnHour(stores))).resolves.toEqual({
      kind: 'appended',
    })
  }
  return { id, segments }
}

const cases: StoreCases = {
  'answers an empty journal for an invocation that does not exist': async (stores) => {
    const { journals } = stores

    expect((await journals.load(freshInvocation())).segments).toEqual([])
    expect(await journals.tail(freshInvocation(), 'life-1', 0)).toEqual([])
  },

  'gives back what was appended, in order, with its expiry': async (stores) => {
    const { id, segments } = await journalOf(stores, 12, { carried: 3 })

    expect(await stores.journals.load(id)).toEqual({ segments, expires: inAnHour(stores) })
    expect(await stores.journals.tail(id, 'life-1', 10)).toEqual(segments.slice(10))
    expect(await stores.journals.tail(id, 'life-1', 12)).toEqual([])
  },

  'tells the loser what stands there, and changes nothing (INV-1)': async (stores) => {
    const { id, segments } = await journalOf(stores, 2)
    const late = segmentOf(1, { writer: 'late', entries: [] })

    expect(await stores.journals.append(id, late, inAnHour(stores))).toEqual({
      kind: 'conflict',
      existing: segments[1],
    })
    expect((await stores.journals.load(id)).segments).toEqual(segments)
  },

  'lets exactly one of fifty concurrent appends win (INV-1)': async (stores) => {
    const { id } = await journalOf(stores, 1)
    const rivals = Array.from({ length: 50 }, (_, i) => segmentOf(1, { writer: `rival-${i}` }))

    const answers = await Promise.all(
      rivals.map((rival) => stores.journals.append(id, rival, inAnHour(stores))),
    )

    const won = rivals.filter((_, i) => answers[i]?.kind === 'appended')
    expect(won).toHaveLength(1)
    expect((await stores.journals.load(id)).segments[1]).toEqual(won[0])
    const [winner] = won
    const losers = answers.filter(({ kind }) => kind === 'conflict')
    expect(losers).toEqual(Array(49).fill({ kind: 'conflict', existing: winner }))
  },

  'lets exactly one of fifty concurrent creations win (INV-9)': async (stores) => {
    const id = freshInvocation()
    const rivals = Array.from({ length: 50 }, (_, i) =>
      segmentOf(0, { born: `life-${i}`, writer: `rival-${i}` }),
    )

    const answers = await Promise.all(
      rivals.map((rival) => stores.journals.append(id, rival, inAnHour(stores))),
    )

    expect(answers.filter(({ kind }) => kind === 'appended')).toHaveLength(1)
  },

  'recognizes a segment whose first answer was lost': async (stores) => {
    const { id, segments } = await journalOf(stores, 3)

    for (const segment of segments) {
      expect(await stores.journals.append(id, segment, inAnHour(stores))).toEqual({
        kind: 'appended',
      })
    }
    expect((await stores.journals.load(id)).segments).toEqual(segments)
  },

  'refuses another segment of the same writer: what a handler could not append, it replies': async (
    stores,
  ) => {
    const { id, segments } = await journalOf(stores, 2)
    const [, existing] = segments
    if (existing === undefined) throw new Error('there is no segment 1')
    const more = { ...existing, entries: [...existing.entries, { kind: 'alive' as const }] }

    expect(await stores.journals.append(id, more, inAnHour(stores))).toMatchObject({
      kind: 'conflict',
    })
    expect((await stores.journals.load(id)).segments).toEqual(segments)
  },

  'settles sixty concurrent appends, each on its own, with clashes among them': async (stores) => {
    const { id: taken, segments } = await journalOf(stores, 30)
    const fresh = Array.from({ length: 30 }, () => freshInvocation())

    const answers = await Promise.all([
      ...fresh.map((id) => stores.journals.append(id, segmentOf(0), inAnHour(stores))),
      ...segments.map((segment) =>
        stores.journals.append(taken, { ...segment, writer: 'late' }, inAnHour(stores)),
      ),
    ])

    expect(answers).toEqual([
      ...fresh.map(() => ({ kind: 'appended' })),
      ...segments.map((existing) => ({ kind: 'conflict', existing })),
    ])
    for (const id of fresh) {
      expect((await stores.journals.load(id)).segments).toEqual([segmentOf(0)])
    }
  },

  'reads a journal of several megabytes': async (stores) => {
    const id = freshInvocation()
    const segments = Array.from({ length: 12 }, (_, n) =>
      segmentOf(n, { entries: [bulky(200_000, n + 1)] }),
    )
    for (const segment of segments) await stores.journals.append(id, segment, inAnHour(stores))

    expect((await stores.journals.load(id)).segments).toEqual(segments)
    expect(await stores.journals.tail(id, 'life-1', 1)).toEqual(segments.slice(1))
  },

  'counts a journal as absent once segment 0 has expired': async (stores) => {
    const { id } = await journalOf(stores, 3)
    stores.clock.advance(hourMs)

    expect((await stores.journals.load(id)).segments).toEqual([])
  },

  'begins a new life over an expired one, whatever is left of it (trace 7)': async (stores) => {
    const { id } = await journalOf(stores, 3)
    stores.clock.advance(hourMs + 1)
    const next = [0, 1].map((n) => segmentOf(n, { born: 'life-2', writer: `next-${n}` }))

    for (const segment of next) {
      expect(await stores.journals.append(id, segment, inAnHour(stores))).toEqual({
        kind: 'appended',
      })
    }
    expect((await stores.journals.load(id)).segments).toEqual(next)
    expect(await stores.journals.tail(id, 'life-2', 0)).toEqual(next)
  },

  'lets exactly one of ten concurrent new lives take over an expired one': async (stores) => {
    const { id } = await journalOf(stores, 2)
    stores.clock.advance(hourMs + 1)
    const rivals = Array.from({ length: 10 }, (_, i) =>
      segmentOf(0, { born: `next-${i}`, writer: `next-${i}` }),
    )

    const answers = await Promise.all(
      rivals.map((rival) => stores.journals.append(id, rival, inAnHour(stores))),
    )

    const won = rivals.filter((_, i) => answers[i]?.kind === 'appended')
    expect(won).toHaveLength(1)
    expect((await stores.journals.load(id)).segments).toEqual(won)
  },

  'does not fold a new life onto segments that outlived the old one (trace 7)': async (stores) => {
    const { id } = await journalOf(stores, 4)
    await stores.erase(id, 0)
    expect((await stores.journals.load(id)).segments).toEqual([])

    const born = segmentOf(0, { born: 'life-2', writer: 'next' })
    await stores.journals.append(id, born, inAnHour(stores))

    expect((await stores.journals.load(id)).segments).toEqual([born])
    expect(await stores.journals.tail(id, 'life-2', 1)).toEqual([])
  },

  'ends a journal at a gap': async (stores) => {
    const { id, segments } = await journalOf(stores, 5)
    await stores.erase(id, 3)

    expect((await stores.journals.load(id)).segments).toEqual(segments.slice(0, 3))
    expect(await stores.journals.tail(id, 'life-1', 1)).toEqual(segments.slice(1, 3))
    expect(await stores.journals.tail(id, 'life-1', 3)).toEqual([])
  },

  'counts an expired journal as absent when only segment 0 is left (trace 17)': async (stores) => {
    const { id } = await journalOf(stores, 3)
    await stores.erase(id, 1)
    await stores.erase(id, 2)
    stores.clock.advance(hourMs)

    expect((await stores.journals.load(id)).segments).toEqual([])
  },

  'keeps a writer of a former life from the life that followed': async (stores) => {
    const { id } = await journalOf(stores, 2)
    stores.clock.advance(hourMs + 1)
    const next = [0, 1, 2].map((n) => segmentOf(n, { born: 'life-2', writer: `next-${n}` }))
    for (const segment of next) await stores.journals.append(id, segment, inAnHour(stores))

    const zombie = segmentOf(2, { writer: 'zombie' })
    expect(await stores.journals.append(id, zombie, inAnHour(stores))).toEqual({
      kind: 'conflict',
      existing: next[2],
    })
    expect((await stores.journals.load(id)).segments).toEqual(next)
  },

  'keeps a restamped journal beyond its first expiry': async (stores) => {
    const { id, segments } = await journalOf(stores, 20)
    stores.clock.advance(hourMs / 2)
    await stores.journals.restamp(id, 'life-1', 20, inAnHour(stores))
    stores.clock.advance(hourMs / 2 + 1)

    expect(await stores.journals.load(id)).toEqual({
      segments,
      expires: stores.clock.now() + hourMs / 2 - 1,
    })
  },

  'takes nothing off an expiry: whoever stood still restamps late, and with less': async (
    stores,
  ) => {
    const { id, segments } = await journalOf(stores, 3)
    const later = inAnHour(stores) + hourMs
    await stores.journals.restamp(id, 'life-1', 3, later)
    await stores.journals.restamp(id, 'life-1', 3, inAnHour(stores) - 1)

    expect(await stores.journals.load(id)).toEqual({ segments, expires: later })
  },

  'does not bring an expired journal back by a restamp': async (stores) => {
    const { id } = await journalOf(stores, 2)
    stores.clock.advance(hourMs + 1)
    await stores.journals.restamp(id, 'life-1', 2, inAnHour(stores))

    expect((await stores.journals.load(id)).segments).toEqual([])
  },

  'does not restamp another life, and creates nothing': async (stores) => {
    const { id, segments } = await journalOf(stores, 2)
    const { expires } = await stores.journals.load(id)
    const nobody = freshInvocation()
    await stores.journals.restamp(id, 'life-9', 2, expires + 5)
    await stores.journals.restamp(nobody, 'life-1', 2, expires + 5)
    await stores.journals.restamp(id, 'life-1', 5, expires)

    expect(await stores.journals.load(id)).toEqual({ segments, expires })
    expect(await stores.journals.tail(nobody, 'life-1', 0)).toEqual([])
    expect(await stores.journals.tail(id, 'life-1', 2)).toEqual([])
  },

  'forgets a life that is removed, and no other; the id may be used anew': async (stores) => {
    const { id, segments } = await journalOf(stores, 12)
    await stores.journals.remove(id, 'life-9', 12)
    expect((await stores.journals.load(id)).segments).toEqual(segments)

    await stores.journals.remove(id, 'life-1', 12)
    await stores.journals.remove(id, 'life-1', 12)
    expect((await stores.journals.load(id)).segments).toEqual([])
    expect(await stores.journals.tail(id, 'life-1', 1)).toEqual([])

    const anew = segmentOf(0, { born: 'life-2' })
    expect(await stores.journals.append(id, anew, inAnHour(stores))).toEqual({ kind: 'appended' })
    expect((await stores.journals.load(id)).segments).toEqual([anew])
  },

  'ends a removal that was cut short': async (stores) => {
    const { id } = await journalOf(stores, 3)
    await stores.erase(id, 0)
    await stores.journals.remove(id, 'life-1', 3)

    expect(await stores.journals.tail(id, 'life-1', 1)).toEqual([])
  },

  'gives out copies': async (stores) => {
    const { id, segments } = await journalOf(stores, 1)
    const loaded = await stores.journals.load(id)
    // Where it cannot be changed, that is as good.
    Reflect.set(loaded.segments[0] ?? {}, 'writer', 'changed')

    expect((await stores.journals.load(id)).segments).toEqual(segments)
  },
}

/** What every JournalStore must do. */
export function journalStoreContract(name: string, stores: () => StoresUnderTest): void {
  describeCases(`${name}: JournalStore`, cases, stores)
}
