import { randomUUID } from 'node:crypto'
import type { Item, ItemKey } from '@fermata/lambda-runtime/table'
import type { Condition, DynamoTable, ItemFamily } from './dynamo-table.ts'

/**
 * Items that carry a `rev` and change only against the one that was read. Each put signs its item with a
 * nonce (`by`): when the answer was lost and the client's repetition is refused, it recognizes its own write.
 */
export class RevisedRecords {
  readonly #table: DynamoTable
  readonly #family: ItemFamily

  constructor(table: DynamoTable, family: ItemFamily) {
    this.#table = table
    this.#family = family
  }

  async put(
    key: ItemKey,
    rev: number,
    attributes: Item,
    expectedRev: number | undefined,
  ): Promise<boolean> {
    const by = { S: randomUUID() }
    const item = { ...key, ...attributes, rev: { N: String(rev) }, by }
    const answer = await this.#table.put(this.#family, item, revIs(expectedRev))
    if (answer.done) return true
    if (!answer.repeated) return false
    const standing = answer.standing ?? (await this.#table.get(key))
    const signature = standing?.['by']
    return signature !== undefined && 'S' in signature && signature.S === by.S
  }

  async remove(key: ItemKey, expectedRev: number): Promise<boolean> {
    const answer = await this.#table.remove(this.#family, key, revIs(expectedRev))
    if (answer.done) return true
    // Gone at the second try: the first one's answer was lost.
    return answer.repeated && (answer.standing ?? (await this.#table.get(key))) === undefined
  }
}

function revIs(expectedRev: number | undefined): Condition {
  if (expectedRev === undefined) return { expression: 'attribute_not_exists(pk)' }
  return { expression: 'rev = :rev', values: { ':rev': { N: String(expectedRev) } } }
}
