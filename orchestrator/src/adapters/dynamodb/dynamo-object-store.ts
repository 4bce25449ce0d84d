import type { Value } from '@fermata/lambda-runtime/protocol'
import {
  decodeStateItem,
  encodeStateItem,
  type Item,
  objectKey,
  stateItemKey,
} from '@fermata/lambda-runtime/table'
import type {
  Clock,
  ObjectHead,
  ObjectRef,
  ObjectStore,
  Slot,
  SlotAppended,
  StoredValue,
} from '../../ports/index.ts'
import type { Condition, DynamoTable } from './dynamo-table.ts'
import type { GroupCommit } from './group-commit.ts'
import {
  decodeHead,
  decodeSlot,
  encodeHead,
  encodeSlot,
  headKey,
  slotKey,
  slotPrefix,
  slotSort,
  slotTtl,
  valueTtl,
} from './object-item.ts'

export class DynamoObjectStore implements ObjectStore {
  readonly #table: DynamoTable
  readonly #puts: GroupCommit
  readonly #clock: Pick<Clock, 'now'>

  constructor(table: DynamoTable, puts: GroupCommit, clock: Pick<Clock, 'now'>) {
    this.#table = table
    this.#puts = puts
    this.#clock = clock
  }

  async head(ref: ObjectRef): Promise<ObjectHead | undefined> {
    const item = await this.#table.get(headKey(ref))
    const head = item && decodeHead(item)
    return head === undefined || this.#isOver(head.expires) ? undefined : head
  }

  async writeHead(
    ref: ObjectRef,
    head: ObjectHead,
    before: ObjectHead | undefined,
  ): Promise<boolean> {
    const condition = before === undefined ? absent(this.#clock.now()) : writesAre(before.writes)
    return (await this.#table.put('object', encodeHead(ref, head), condition)).done
  }

  async append(ref: ObjectRef, slot: Slot): Promise<SlotAppended> {
    const put = await this.#puts.put({ family: 'object', item: encodeSlot(ref, slot) })
    if (put.kind === 'stored') return { kind: 'appended' }
    const standing = put.standing ?? (await this.#table.get(slotKey(ref, slot.n)))
    const existing = standing && decodeSlot(standing)
    if (existing?.writer === slot.writer) return { kind: 'appended' }
    const isOver = this.#isOver(existing?.expires)
    return { kind: 'conflict', existing: isOver ? undefined : existing }
  }

  async slots(ref: ObjectRef, from: number, limit: number): Promise<readonly Slot[]> {
    const found: Slot[] = []
    for (let next = from; found.length < limit; ) {
      const page = await this.#page(ref, next, limit)
      found.push(...page.filter(({ expires }) => !this.#isOver(expires)))
      const last = page.at(-1)
      if (last === undefined || page.length < limit) break
      next = last.n + 1
    }
    return found.slice(0, limit)
  }

  async lastSlot({ service, key }: ObjectRef): Promise<number> {
    const [last] = await this.#table.query({
      pk: objectKey(service, key),
      range: { expression: 'begins_with(sk, :slots)', values: { ':slots': { S: slotPrefix } } },
      limit: 1,
      descending: true,
    })
    return last === undefined ? 0 : decodeSlot(last).n
  }

  async restampSlot(ref: ObjectRef, n: number, expires: number): Promise<void> {
    const set = { expires: { N: String(expires) }, ttl: slotTtl(expires) }
    const now = { ':now': { N: String(this.#clock.now()) } }
    await this.#set(ref, n, set, {
      expression: 'expires > :now AND expires < :expires',
      values: now,
    })
  }

  async markSlot(ref: ObjectRef, n: number, mark: NonNullable<Slot['mark']>): Promise<void> {
    await this.#set(ref, n, { mark: { S: mark } }, { expression: 'attribute_exists(pk)' })
  }

  async putValue(
    ref: ObjectRef,
    at: StoredValue,
    value: Value,
    expires: number | undefined,
  ): Promise<void> {
    const item = encodeStateItem({ ...ref, ...at }, value)
    const ttl = expires === undefined ? {} : { ttl: valueTtl(expires) }
    await this.#table.put('object', { ...item, ...ttl })
  }

  async value(ref: ObjectRef, at: StoredValue): Promise<Value | undefined> {
    const item = await this.#table.get(stateItemKey({ ...ref, ...at }))
    return item && decodeStateItem(item)
  }

  async removeValue(ref: ObjectRef, at: StoredValue): Promise<void> {
    const exists = { expression: 'attribute_exists(pk)' }
    await this.#table.remove('object', stateItemKey({ ...ref, ...at }), exists)
  }

  async #page({ service, key }: ObjectRef, from: number, limit: number): Promise<readonly Slot[]> {
    const items = await this.#table.query({
      pk: objectKey(service, key),
      range: {
        expression: 'sk BETWEEN :from AND :to',
        values: { ':from': { S: slotSort(from) }, ':to': { S: `${slotPrefix}:` } },
      },
      limit,
    })
    return items.map(decodeSlot)
  }

  async #set(ref: ObjectRef, n: number, set: Item, condition: Condition): Promise<void> {
    await this.#table.update('object', slotKey(ref, n), set, condition)
  }

  #isOver(expires: number | undefined): boolean {
    return expires !== undefined && expires <= this.#clock.now()
  }
}

function absent(now: number): Condition {
  const values = { ':now': { N: String(now) } }
  return { expression: 'attribute_not_exists(pk) OR expires <= :now', values }
}

function writesAre(writes: number): Condition {
  return { expression: 'writes = :writes', values: { ':writes': { N: String(writes) } } }
}
