import { agendaBound, agendaTime } from '../../domain/agenda/agenda-key.ts'
import type { AgendaItem, AgendaStore, LeaseStore } from '../../ports/index.ts'

export type WalkDeps = {
  readonly agendaStore: AgendaStore
  readonly leaseStore: LeaseStore
}

/** An entry's place on the agenda: the shard, its item, and which of the item's entries. */
export type AgendaPlace = { readonly shard: number; readonly key: string; readonly index: number }

export type Found = {
  readonly subject: string
  readonly place: AgendaPlace
  /** The place after it: a walk may go on from either. */
  readonly next: AgendaPlace
}

/** Sorts after every item. */
const end = '~'
const itemsAtOnce = 10

/**
 * Everything that stands on the agenda, shard by shard, from where each shard's cursor stood when the walk began, or
 * from `since` (epoch ms) where that is earlier. Everything open is there (INV-10): what an entry is moved out of stays
 * in the table, so a walk misses nothing that was open when it began. One subject may come several times.
 */
export async function* walkAgenda(
  { agendaStore, leaseStore }: WalkDeps,
  { since = Number.POSITIVE_INFINITY, from }: { since?: number; from?: AgendaPlace | undefined },
): AsyncGenerator<Found> {
  const { shards } = await leaseStore.list()
  for (const { shard, cursor } of shards.toSorted((a, b) => a.shard - b.shard)) {
    if (from !== undefined && shard < from.shard) continue
    const start = { shard, after: earlier(cursor, agendaBound(since)), from: undefined }
    yield* walkShard(agendaStore, shard === from?.shard ? goingOn(from) : start)
  }
}

/** Where in a shard a walk begins: after a key, and from a place on where it was interrupted. */
type Start = {
  readonly shard: number
  readonly after: string
  readonly from: AgendaPlace | undefined
}

/** The item at the place is to be read again. */
function goingOn(from: AgendaPlace): Start {
  return { shard: from.shard, after: agendaBound(agendaTime(from.key)), from }
}

async function* walkShard(agendaStore: AgendaStore, start: Start): AsyncGenerator<Found> {
  const { shard, from } = start
  for (let { after } = start; ; ) {
    const items = await agendaStore.list(shard, after, end, itemsAtOnce)
    for (const item of items) yield* entriesOf(item, from)
    const last = items.at(-1)
    if (last === undefined || items.length < itemsAtOnce) return
    after = last.key
  }
}

function* entriesOf(item: AgendaItem, from: AgendaPlace | undefined): Generator<Found> {
  const { shard, key, entries } = item
  if (from !== undefined && key < from.key) return
  const first = key === from?.key ? from.index : 0
  for (const [at, { subject }] of entries.slice(first).entries()) {
    const place = { shard, key, index: first + at }
    yield { subject, place, next: { ...place, index: place.index + 1 } }
  }
}

function earlier(cursor: string, bound: string): string {
  return cursor < bound ? cursor : bound
}
