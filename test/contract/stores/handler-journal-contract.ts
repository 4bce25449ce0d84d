import type { InvokeRequest } from '@fermata/lambda-runtime/protocol'
import { expect } from 'vitest'
import {
  bulky,
  createdEntry,
  denseText,
  describeCases,
  freshInvocation,
  hourMs,
  inAnHour,
  type SegmentFields,
  type StoreCases,
  type StoresUnderTest,
  segmentOf,
} from './harness.ts'

const mine = (stores: StoresUnderTest, n: number, fields: SegmentFields = {}) =>
  segmentOf(n, { by: 'handler', writer: 'handler-1', at: stores.clock.now(), ...fields })

/** A journal of one segment, and the request for its first attempt. */
async function attempt(stores: StoresUnderTest, born = 'life-1', invocation = freshInvocation()) {
  const attempted = { kind: 'attempt', epoch: 1, deployment: 'd1' } as const
  const first = segmentOf(0, { born, entries: [createdEntry(hourMs), attempted] })
  await stores.journals.append(invocation, first, inAnHour(stores))
  const request: InvokeRequest = {
    protocol: 1,
    kind: 'invoke',
    invocation,
    target: { service: 'orders', handler: 'process' },
    epoch: 1,
    attempt: 1,
    journal: [{ ...first, entries: [...first.entries] }],
    expires: inAnHour(stores),
    channel: { kind: 'dynamodb', table: 'fermata', region: 'eu-west-1' },
  }
  return { id: invocation, first, request, journal: stores.handlerJournal(request) }
}

const cases: StoreCases = {
  'appends where the orchestrator reads, and reads where it appends': async (stores) => {
    const { id, first, journal } = await attempt(stores)
    const theirs = segmentOf(2, { writer: 'news' })

    expect(await journal.append(mine(stores, 1))).toBe('appended')
    await stores.journals.append(id, theirs, inAnHour(stores))

    expect(await journal.tail(1)).toEqual([mine(stores, 1), theirs])
    expect(await journal.tail(3)).toEqual([])
    expect((await stores.journals.load(id)).segments).toEqual([first, mine(stores, 1), theirs])
  },

  'reads the large values of its key’s state, as they are stored': async (stores) => {
    const { request } = await attempt(stores)
    const key = `k ${request.invocation}`
    const target = { service: 'orders', key, handler: 'process' }
    const journal = stores.handlerJournal({ ...request, target })
    const ref = { service: 'orders', key }
    const value = { json: denseText(50_000) }
    await stores.objects.putValue(ref, { name: 'a#b', slot: 3 }, value, undefined)

    expect(await journal.stateValue('a#b', 3)).toEqual(value)
    expect(await journal.stateValue('a#b', 2)).toBeUndefined()
    expect(await journal.stateValue('a', 3)).toBeUndefined()
  },

  'loses to who was there first, and reads what it was (INV-1)': async (stores) => {
    const { id, journal } = await attempt(stores)
    const theirs = segmentOf(1, { writer: 'news' })
    await stores.journals.append(id, theirs, inAnHour(stores))

    expect(await journal.append(mine(stores, 1))).toBe('conflict')
    expect(await journal.tail(1)).toEqual([theirs])
  },

  'wins against the orchestrator at most once (INV-1)': async (stores) => {
    const { id, journal } = await attempt(stores)

    const [won, theirs] = await Promise.all([
      journal.append(mine(stores, 1)),
      stores.journals.append(id, segmentOf(1, { writer: 'news' }), inAnHour(stores)),
    ])

    expect([won, theirs.kind].sort()).toEqual(['appended', 'conflict'])
    const writer = won === 'appended' ? 'handler-1' : 'news'
    expect((await stores.journals.load(id)).segments[1]?.writer).toBe(writer)
  },

  'recognizes its own segment when it appends it again': async (stores) => {
    const { journal } = await attempt(stores)
    await journal.append(mine(stores, 1))

    expect(await journal.append(mine(stores, 1))).toBe('appended')
    expect(await journal.tail(1)).toEqual([mine(stores, 1)])
  },

  'writes over what an expired life left behind': async (stores) => {
    const { id } = await attempt(stores)
    await stores.journals.append(id, segmentOf(1, { writer: 'old' }), inAnHour(stores))
    stores.clock.advance(hourMs + 1)
    const { journal } = await attempt(stores, 'life-2', id)

    expect(await journal.tail(1)).toEqual([])
    expect(await journal.append(mine(stores, 1, { born: 'life-2' }))).toBe('appended')
    expect(await journal.tail(1)).toEqual([mine(stores, 1, { born: 'life-2' })])
  },

  'reads a tail of several megabytes': async (stores) => {
    const { id, journal } = await attempt(stores)
    const segments = Array.from({ length: 10 }, (_, i) =>
      segmentOf(i + 1, { entries: [bulky(250_000, i + 1)] }),
    )
    for (const segment of segments) {
      await stores.journals.append(id, segment, inAnHour(stores))
    }

    expect(await journal.tail(1)).toEqual(segments)
  },

  'appends a large segment that the orchestrator can read': async (stores) => {
    const { id, journal } = await attempt(stores)
    const large = mine(stores, 1, { entries: [bulky(250_000)] })

    expect(await journal.append(large)).toBe('appended')
    expect(await stores.journals.tail(id, 'life-1', 1)).toEqual([large])
  },
}

/** What every HandlerJournal must do. */
export function handlerJournalContract(name: string, stores: () => StoresUnderTest): void {
  describeCases(`${name}: HandlerJournal`, cases, stores)
}
