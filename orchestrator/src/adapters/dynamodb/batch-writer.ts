import {
  BatchExecuteStatementCommand,
  type BatchExecuteStatementCommandOutput,
  type BatchStatementError,
} from '@aws-sdk/client-dynamodb'
import { type Item, itemBytes, writeUnits } from '@fermata/lambda-runtime/table'
import { type DynamoTable, type ItemFamily, refusalUnits, toItem } from './dynamo-table.ts'
import { hasName, toStoreError } from './store-errors.ts'

/** An item to store if nothing stands at its key. */
export type NewItem = { readonly family: ItemFamily; readonly item: Item }

export type PutResult =
  | { readonly kind: 'stored' }
  /** Something stands there; `standing` where the table tells. */
  | { readonly kind: 'clash'; readonly standing: Item | undefined }
  /** Not stored, but it may be tried again. */
  | { readonly kind: 'throttled'; readonly error: Error }
  | { readonly kind: 'failed'; readonly error: Error }

const transient: ReadonlySet<string> = new Set([
  'InternalServerError',
  'ProvisionedThroughputExceeded',
  'RequestLimitExceeded',
  'ThrottlingError',
  'TransactionConflict',
])

/**
 * Stores up to 25 independent items in one request: PartiQL inserts of a batch succeed or clash each on its
 * own. A server that has no PartiQL answers `UnknownOperationException` once; from then on each is a put.
 */
export class BatchWriter {
  readonly #table: DynamoTable
  readonly #statements = new Map<string, string>()
  #batching: boolean | undefined

  constructor(table: DynamoTable) {
    this.#table = table
  }

  /** Whether several items go in one request; until it is known, it is tried. */
  get batching(): boolean {
    return this.#batching !== false
  }

  /** Finds out, with a read that finds nothing, whether the server knows PartiQL batches. */
  async detectBatching(): Promise<boolean> {
    const Statement = `SELECT pk FROM "${this.#table.name}" WHERE pk = '-' AND sk = '-'`
    const command = new BatchExecuteStatementCommand({ Statements: [{ Statement }] })
    try {
      await this.#table.attempt(() => this.#table.client.send(command))
      this.#batching = true
    } catch (error) {
      if (!hasName(error, 'UnknownOperationException')) throw error
      this.#batching = false
    }
    return this.#batching
  }

  /** Never rejects. No two items may have the same key. */
  async write(items: readonly NewItem[]): Promise<readonly PutResult[]> {
    if (items.length > 1 && this.batching) {
      const results = await this.#insertAll(items)
      if (results !== undefined) return results
      this.#batching = false
    }
    return Promise.all(items.map((item) => this.#putOne(item)))
  }

  async #putOne({ family, item }: NewItem): Promise<PutResult> {
    try {
      const absent = { expression: 'attribute_not_exists(pk)' }
      const answer = await this.#table.put(family, item, absent)
      return answer.done ? { kind: 'stored' } : { kind: 'clash', standing: answer.standing }
    } catch (error) {
      return { kind: 'failed', error: toStoreError(error, this.#table.name) }
    }
  }

  /** `undefined`: the server does not know the operation. */
  async #insertAll(items: readonly NewItem[]): Promise<readonly PutResult[] | undefined> {
    const command = new BatchExecuteStatementCommand({
      Statements: items.map(({ item }) => ({
        Statement: this.#insertOf(item),
        Parameters: Object.values(item),
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      })),
      ...this.#table.reporting,
    })
    try {
      const output = await this.#table.attempt(() => this.#table.client.send(command))
      const results = items.map((_, index) => this.#resultOf(output, index))
      if (this.#table.metered) this.#report(items, results, output)
      return results
    } catch (error) {
      if (hasName(error, 'UnknownOperationException')) return undefined
      return items.map(() => ({ kind: 'failed', error: toStoreError(error, this.#table.name) }))
    }
  }

  #resultOf(output: BatchExecuteStatementCommandOutput, index: number): PutResult {
    const response = output.Responses?.[index]
    if (response === undefined) {
      const error = new Error('The batch left a statement unanswered')
      return { kind: 'throttled', error: toStoreError(error, this.#table.name) }
    }
    return response.Error === undefined ? { kind: 'stored' } : this.#refusal(response.Error)
  }

  #refusal({ Code, Message, Item: standing }: BatchStatementError): PutResult {
    if (Code === 'DuplicateItem' || Code === 'ConditionalCheckFailed') {
      return { kind: 'clash', standing: standing && toItem(standing) }
    }
    const name = `${Code}Exception`.replace('ErrorException', 'Exception')
    const reason = Object.assign(new Error(Message ?? ''), { name })
    const error = toStoreError(reason, this.#table.name)
    return { kind: transient.has(String(Code)) ? 'throttled' : 'failed', error }
  }

  /**
   * DynamoDB lists the capacity of a batch by statement; DynamoDB Local leaves it out, and the size of what
   * was stored tells the same (an insert replaces nothing), as that of what stands there does for a clash.
   */
  #report(
    items: readonly NewItem[],
    results: readonly PutResult[],
    { ConsumedCapacity: capacity = [] }: BatchExecuteStatementCommandOutput,
  ): void {
    const listed = capacity.length === items.length
    for (const [index, { family, item }] of items.entries()) {
      const reported = listed ? capacity[index]?.CapacityUnits : undefined
      const units = reported || unitsOf(item, results[index])
      this.#table.report(family, 'BatchExecuteStatement', units)
    }
  }

  /** The text depends on the attributes' names alone, so there are few. */
  #insertOf(item: Item): string {
    const names = Object.keys(item)
    const id = names.join()
    const known = this.#statements.get(id)
    if (known !== undefined) return known
    const fields = names.map((name) => `'${name}':?`).join(',')
    const statement = `INSERT INTO "${this.#table.name}" VALUE {${fields}}`
    this.#statements.set(id, statement)
    return statement
  }
}

function unitsOf(item: Item, result: PutResult | undefined): number | undefined {
  if (result?.kind === 'stored') return writeUnits(itemBytes(item))
  return result?.kind === 'clash' ? refusalUnits(result.standing, item) : undefined
}
