import { signatureOf } from '../../domain/collect/collector.ts'
import type {
  CollectorHead,
  CollectorRef,
  CollectorSlot,
  CollectorStore,
  OpenSends,
  StoredHead,
} from '../../ports/index.ts'
import { textIn } from './attributes.ts'
import {
  behindSlots,
  collectorPartition,
  decodeHead,
  decodeSlot,
  encodeHead,
  encodeMark,
  encodeSlot,
  headKey,
  markKey,
  slotSort,
} from './collector-item.ts'
import { type Condition, type DynamoTable, itemKey } from './dynamo-table.ts'
import { RevisedRecords } from './revised-records.ts'

const sideBySide = 16

/** An item that is there counts, whether it has expired or not: DynamoDB takes it away some time later. */
export class DynamoCollectorStore implements CollectorStore {
  readonly #table: DynamoTable
  readonly #heads: RevisedRecords

  constructor(table: DynamoTable) {
    this.#table = table
    this.#heads = new RevisedRecords(table, 'collector')
  }

  async read(ref: CollectorRef, limit: number): Promise<OpenSends> {
    const item = await this.#table.get(headKey(ref))
    if (item === undefined) return { head: undefined, open: [] }
    const head = decodeHead(item)
    const { life, done } = head.head
    const items = await this.#table.query({
      pk: collectorPartition(ref),
      range: {
        expression: 'sk BETWEEN :from AND :to',
        values: { ':from': { S: slotSort(done + 1) }, ':to': { S: behindSlots } },
      },
      limit,
    })
    const open = items.map(decodeSlot).filter((slot) => slot.life === life)
    return { head, open }
  }

  writeHead(
    ref: CollectorRef,
    head: CollectorHead,
    before: StoredHead | undefined,
  ): Promise<boolean> {
    return this.#heads.put(headKey(ref), (before?.rev ?? 0) + 1, encodeHead(head), before?.rev)
  }

  async append(ref: CollectorRef, slot: CollectorSlot): Promise<boolean> {
    const answer = await this.#table.put('collector', encodeSlot(ref, slot), isFree(slot))
    if (answer.done) return true
    const key = itemKey(collectorPartition(ref), slotSort(slot.n))
    const standing = answer.standing ?? (await this.#table.get(key))
    if (standing === undefined) return false
    const what = 'item of a collector'
    return (
      textIn(what, standing, 'life') === slot.life &&
      textIn(what, standing, 'by') === signatureOf(slot)
    )
  }

  async isTaken(ref: CollectorRef, by: string): Promise<boolean> {
    return (await this.#table.get(markKey(ref, by))) !== undefined
  }

  async markTaken(
    ref: CollectorRef,
    marks: readonly { readonly by: string; readonly expires: number }[],
  ): Promise<void> {
    for (let from = 0; from < marks.length; from += sideBySide) {
      const some = marks.slice(from, from + sideBySide)
      await Promise.all(
        some.map(({ by, expires }) => this.#table.put('collector', encodeMark(ref, by, expires))),
      )
    }
  }
}

function isFree({ life }: CollectorSlot): Condition {
  return {
    expression: 'attribute_not_exists(pk) OR life <> :life',
    values: { ':life': { S: life } },
  }
}
