import type { AgendaEntry, AgendaItem } from '@fermata/orchestrator/ports'
import { expect } from 'vitest'
import {
  denseText,
  describeCases,
  freshInvocation,
  inAnHour,
  type StoreCases,
  type StoresUnderTest,
  segmentOf,
} from './harness.ts'

let nextShard = 1_000

/** A shard that no other test uses. */
function freshShard(stores: StoresUnderTest) {
  const shard = nextShard++
  const itemAt = (dueAt: number, entries?: readonly AgendaEntry[]): AgendaItem => ({
    shard,
    key: keyAt(dueAt),
    entries: entries ?? [{ subject: `i:orders.${dueAt}`, dueAt, kind: 'watch' }],
  })
  const put = (item: AgendaItem) => stores.agenda.put(item, inAnHour(stores))
  return { shard, itemAt, put }
}

const cases: StoreCases = {
  'lists what lies after one key and up to another, in order': async (stores) => {
    const { shard, itemAt, put } = freshShard(stores)
    const items = [300, 100, 400, 200].map((dueAt) => itemAt(dueAt))
    await Promise.all(items.map(put))
    const { agenda } = stores

    const keys = async (from: string, to: string, limit = 10) =>
      (await agenda.list(shard, from, to, limit)).map(({ entries }) => entries[0]?.dueAt)
    expect(await keys(keyAt(100), keyAt(300))).toEqual([200, 300])
    expect(await keys('', keyAt(200))).toEqual([100, 200])
    expect(await keys('', keyAt(999), 3)).toEqual([100, 200, 300])
    expect(await keys(keyAt(100), keyAt(999), 2)).toEqual([200, 300])
    expect(await keys(keyAt(150), keyAt(250))).toEqual([200])
    expect(await keys(keyAt(400), keyAt(999))).toEqual([])
    expect(await keys(keyAt(300), keyAt(300))).toEqual([])
    expect(await keys(keyAt(300), keyAt(100))).toEqual([])
  },

  'gives back entries as they were, of all kinds and times': async (stores) => {
    const { shard, itemAt, put } = freshShard(stores)
    const entries: AgendaEntry[] = [
      { subject: 'i:orders.b', dueAt: 900, kind: 'timer' },
      { subject: 'i:orders.a', dueAt: 100, kind: 'watch' },
      { subject: 'i:orders.c', dueAt: 604_800_100, kind: 'retry' },
      { subject: 'i:orders.d', dueAt: 100, kind: 'retain' },
    ]
    await put(itemAt(100, entries))

    expect(await stores.agenda.list(shard, '', keyAt(100), 10)).toEqual([itemAt(100, entries)])
  },

  'keeps the shards apart': async (stores) => {
    const { itemAt, put } = freshShard(stores)
    await put(itemAt(100))

    expect(await stores.agenda.list(nextShard++, '', keyAt(999), 10)).toEqual([])
  },

  'takes the same item twice': async (stores) => {
    const { shard, itemAt, put } = freshShard(stores)
    await put(itemAt(100))
    await put(itemAt(100))

    expect(await stores.agenda.list(shard, '', keyAt(999), 10)).toEqual([itemAt(100)])
  },

  'takes an item of a thousand entries': async (stores) => {
    const { shard, itemAt, put } = freshShard(stores)
    const entries = Array.from(
      { length: 1_000 },
      (_, i): AgendaEntry => ({
        subject: `i:orders.${denseText(26, i)}`,
        dueAt: 100 + i,
        kind: 'watch',
      }),
    )
    await put(itemAt(100, entries))

    expect(await stores.agenda.list(shard, '', keyAt(999), 10)).toEqual([itemAt(100, entries)])
  },

  'lists more than a page': async (stores) => {
    const { shard, itemAt, put } = freshShard(stores)
    const items = Array.from({ length: 60 }, (_, i) =>
      itemAt(i, [{ subject: denseText(40_000, i + 1), dueAt: i, kind: 'watch' }]),
    )
    await Promise.all(items.map(put))

    const listed = await stores.agenda.list(shard, '', keyAt(999), 50)
    expect(listed).toEqual(items.slice(0, 50))
  },

  'lists at once what was put before, with journal appends among the puts': async (stores) => {
    const { shard, itemAt, put } = freshShard(stores)
    const items = Array.from({ length: 70 }, (_, i) => itemAt(i))
    const append = () => stores.journals.append(freshInvocation(), segmentOf(0), inAnHour(stores))
    const appended = await Promise.all(items.flatMap((item) => [put(item), append()]))

    expect(appended.filter((answer) => answer?.kind === 'appended')).toHaveLength(70)
    expect(await stores.agenda.list(shard, '', keyAt(999), 100)).toEqual(items)
  },
}

/** What every AgendaStore must do. */
export function agendaStoreContract(name: string, stores: () => StoresUnderTest): void {
  describeCases(`${name}: AgendaStore`, cases, stores)
}

function keyAt(dueAt: number): string {
  return `${String(dueAt).padStart(15, '0')}#replica-1-7`
}
