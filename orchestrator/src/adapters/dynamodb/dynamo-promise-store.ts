import type { Outcome, PromiseRef } from '@fermata/lambda-runtime/protocol'
import type { Item, ItemKey } from '@fermata/lambda-runtime/table'
import type { Clock, PromiseRecord, PromiseStore, PromiseWaiter } from '../../ports/index.ts'
import type { Condition, DynamoTable } from './dynamo-table.ts'
import {
  decodeOutcome,
  decodeWaiter,
  encodeOutcome,
  encodeWaiter,
  expiresOf,
  expiry,
  outcomeKey,
  outcomePrefix,
  promisePartition,
  waiterKey,
  waiterPrefix,
} from './promise-item.ts'

const exists: Condition = { expression: 'attribute_exists(pk)' }
/** Than what is set. */
const isShorter: Condition = { expression: 'expires < :expires' }
const beginsWith = (prefix: string) => ({
  expression: 'begins_with(sk, :prefix)',
  values: { ':prefix': { S: prefix } },
})

export class DynamoPromiseStore implements PromiseStore {
  readonly #table: DynamoTable
  readonly #clock: Pick<Clock, 'now'>

  constructor(table: DynamoTable, clock: Pick<Clock, 'now'>) {
    this.#table = table
    this.#clock = clock
  }

  async read(promise: PromiseRef): Promise<PromiseRecord | undefined> {
    const item = await this.#table.get(outcomeKey(promise))
    return item === undefined || this.#isOver(item) ? undefined : decodeOutcome(item)
  }

  async complete(
    promise: PromiseRef,
    outcome: Outcome,
    by: string,
    expires: number,
  ): Promise<PromiseRecord> {
    const record: PromiseRecord = { name: promise.name, outcome, by }
    const item = encodeOutcome(promise, record, expires)
    for (;;) {
      const answer = await this.#table.put('promise', item, this.#absent())
      if (answer.done) return record
      // Not told, or expired between the two looks: it is read, or written, again.
      const standing = answer.standing ?? (await this.#table.get(outcomeKey(promise)))
      if (standing !== undefined && !this.#isOver(standing)) return decodeOutcome(standing)
    }
  }

  async addWaiter(promise: PromiseRef, waiter: PromiseWaiter, expires: number): Promise<void> {
    await this.#table.put('promise', encodeWaiter(promise, waiter, expires))
  }

  async waiters(promise: PromiseRef): Promise<readonly PromiseWaiter[]> {
    const items = await this.#table.query({
      pk: promisePartition(promise.workflow, promise.key),
      range: beginsWith(waiterPrefix(promise.name)),
    })
    return items.filter((item) => !this.#isOver(item)).map(decodeWaiter)
  }

  async removeWaiter(promise: PromiseRef, waiter: PromiseWaiter): Promise<void> {
    await this.#table.remove('promise', waiterKey(promise, waiter), exists)
  }

  async list(workflow: string, key: string): Promise<readonly PromiseRecord[]> {
    return (await this.#outcomes(workflow, key)).map(decodeOutcome)
  }

  async restamp(workflow: string, key: string, expires: number): Promise<void> {
    for (const { pk, sk } of await this.#outcomes(workflow, key)) {
      await this.#table.update('promise', { pk, sk }, expiry(expires), isShorter)
    }
  }

  async clear(workflow: string, key: string): Promise<void> {
    for (const { pk, sk } of await this.#outcomes(workflow, key)) {
      await this.#table.remove('promise', { pk, sk }, exists)
    }
  }

  async #outcomes(workflow: string, key: string): Promise<readonly (Item & ItemKey)[]> {
    const items = await this.#table.query({
      pk: promisePartition(workflow, key),
      range: beginsWith(outcomePrefix),
    })
    return items.filter(hasKey).filter((item) => !this.#isOver(item))
  }

  #isOver(item: Item): boolean {
    return expiresOf(item) <= this.#clock.now()
  }

  #absent(): Condition {
    return {
      expression: 'attribute_not_exists(pk) OR expires <= :now',
      values: { ':now': { N: String(this.#clock.now()) } },
    }
  }
}

function hasKey(item: Item): item is Item & ItemKey {
  const { pk, sk } = item
  return pk !== undefined && 'S' in pk && sk !== undefined && 'S' in sk
}
