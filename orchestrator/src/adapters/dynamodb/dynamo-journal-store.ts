import type { InvocationId, Segment } from '@fermata/lambda-runtime/protocol'
import {
  appendSegment,
  decodeSegmentItem,
  encodeSegmentItem,
  hasExpired,
  type Item,
  journalKey,
  type Leftover,
  lifeOf,
  type SegmentTable,
  segmentItemKey,
  segmentKey,
  segmentTtl,
} from '@fermata/lambda-runtime/table'
import type { Appended, Clock, Journal, JournalStore } from '../../ports/index.ts'
import type { Condition, DynamoTable } from './dynamo-table.ts'
import type { GroupCommit } from './group-commit.ts'

/** Updates of one re-stamp under way at once. */
const restampWidth = 8

export class DynamoJournalStore implements JournalStore {
  readonly #table: DynamoTable
  readonly #puts: GroupCommit
  readonly #clock: Pick<Clock, 'now'>

  constructor(table: DynamoTable, puts: GroupCommit, clock: Pick<Clock, 'now'>) {
    this.#table = table
    this.#puts = puts
    this.#clock = clock
  }

  async load(id: InvocationId): Promise<Journal> {
    const items = await this.#table.query({ pk: journalKey(id) })
    const stored = items.map(decodeSegmentItem)
    const first = stored[0]
    if (first === undefined || first.segment.n !== 0 || hasExpired(first, this.#clock.now())) {
      return { segments: [], expires: 0 }
    }
    return { segments: lifeOf(stored, first.segment.born, 0), expires: first.expires ?? 0 }
  }

  async tail(id: InvocationId, born: string, from: number): Promise<readonly Segment[]> {
    const range = { expression: 'sk >= :from', values: { ':from': { S: segmentKey(from) } } }
    const items = await this.#table.query({ pk: journalKey(id), range })
    return lifeOf(items.map(decodeSegmentItem), born, from)
  }

  async append(id: InvocationId, segment: Segment, expires: number): Promise<Appended> {
    const item = encodeSegmentItem(id, segment, expires)
    return appendSegment(this.#segmentsOf(id), segment, item, () => this.#clock.now())
  }

  async restamp(id: InvocationId, born: string, count: number, expires: number): Promise<void> {
    const first = await this.#read(id, 0)
    if (first?.segment.born !== born || hasExpired(first, this.#clock.now())) return
    // Segment 0 decides, so it is stamped last: the others never expire before it.
    const others = Array.from({ length: Math.max(0, count - 1) }, (_, i) => i + 1)
    for (let i = 0; i < others.length; i += restampWidth) {
      const stamped = others
        .slice(i, i + restampWidth)
        .map((n) => this.#stamp(id, n, { ttl: ttlOf(n, expires) }, keptForLess(born)))
      await Promise.all(stamped)
    }
    const set = { ttl: ttlOf(0, expires), expires: { N: String(expires) } }
    await this.#stamp(id, 0, set, headKeptForLess(born, this.#clock.now()))
  }

  async remove(id: InvocationId, born: string, count: number): Promise<void> {
    const [first, ...others] = Array.from({ length: count }, (_, n) => segmentItemKey(id, n))
    if (first === undefined) return
    const removed = await this.#table.remove('journal', first, lifeIs(born))
    const isOther = !removed.done && removed.standing !== undefined
    if (isOther) return
    for (let i = 0; i < others.length; i += restampWidth) {
      const some = others.slice(i, i + restampWidth)
      await Promise.all(some.map((key) => this.#table.remove('journal', key, lifeIs(born))))
    }
  }

  async #stamp(id: InvocationId, n: number, set: Item, condition: Condition): Promise<void> {
    await this.#table.update('journal', segmentItemKey(id, n), set, condition)
  }

  async #read(id: InvocationId, n: number) {
    const item = await this.#table.get(segmentItemKey(id, n))
    return item && decodeSegmentItem(item)
  }

  #segmentsOf(id: InvocationId): SegmentTable {
    return {
      putIfAbsent: async (item) => {
        const put = await this.#puts.put({ family: 'journal', item })
        if (put.kind === 'stored') return { stored: true }
        return { stored: false, standing: put.standing && decodeSegmentItem(put.standing) }
      },
      putOver: async (item, leftover) => {
        const put = await this.#table.put('journal', item, isLeftover(leftover))
        return put.done
      },
      read: (n) => this.#read(id, n),
    }
  }
}

function ttlOf(n: number, expires: number): { readonly N: string } {
  return { N: String(segmentTtl(n, expires)) }
}

/** A condition on an attribute fails for an absent item, too: an update creates nothing. */
function lifeIs(born: string): Condition {
  return { expression: 'born = :born', values: { ':born': { S: born } } }
}

/** It is kept for less than what is set (`:ttl`, `:expires`). */
function keptForLess(born: string): Condition {
  return { expression: 'born = :born AND #ttl < :ttl', values: { ':born': { S: born } } }
}

function headKeptForLess(born: string, now: number): Condition {
  return {
    expression: 'born = :born AND expires > :now AND expires < :expires',
    values: { ':born': { S: born }, ':now': { N: String(now) } },
  }
}

function isLeftover({ born, expiredBy }: Leftover): Condition {
  if (expiredBy === undefined) return lifeIs(born)
  return {
    expression: 'born = :born AND expires <= :now',
    values: { ':born': { S: born }, ':now': { N: String(expiredBy) } },
  }
}
