import {
  type ConsumedCapacity,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
  type AttributeValue as VendorValue,
} from '@aws-sdk/client-dynamodb'
import {
  type AttributeValue,
  type Item,
  type ItemKey,
  itemBytes,
  writeUnits,
} from '@fermata/lambda-runtime/table'
import { hasName, toStoreError } from './store-errors.ts'

export type ItemFamily =
  | 'collector'
  | 'journal'
  | 'agenda'
  | 'lease'
  | 'registry'
  | 'promise'
  | 'object'

/**
 * What a write cost, as the table says. Where it says nothing, the items' size tells, one unit per started KB:
 * for statements of a batch, which some servers do not list, and for a write whose condition failed. DynamoDB
 * bills that one, too, by the item that stands there; where this is not told, the item refused is counted.
 */
export type WriteUnits = {
  readonly family: ItemFamily
  readonly units: number
  readonly operation: 'PutItem' | 'UpdateItem' | 'DeleteItem' | 'BatchExecuteStatement'
}

export type Condition = {
  readonly expression: string
  readonly values?: Item
}

/** A refused conditional write. `repeated`: the client had to ask more than once, so an earlier try may have been done. */
export type Refused = {
  readonly done: false
  readonly standing: Item | undefined
  readonly repeated: boolean
}
export type ConditionalAnswer = { readonly done: true } | Refused

export type RangeQuery = {
  readonly pk: string
  readonly range?: { readonly expression: string; readonly values: Item }
  readonly limit?: number
  readonly descending?: boolean
}

type Operation = WriteUnits['operation']
type WriteOutput = { readonly ConsumedCapacity?: ConsumedCapacity | undefined }

/** One DynamoDB table: conditional writes and consistent reads of single items, with their cost reported. */
export class DynamoTable {
  readonly client: DynamoDBClient
  readonly name: string
  readonly #report: ((units: WriteUnits) => void) | undefined

  constructor(
    client: DynamoDBClient,
    name: string,
    report: ((units: WriteUnits) => void) | undefined,
  ) {
    this.client = client
    this.name = name
    this.#report = report
  }

  /** Whether anybody hears what writes cost. */
  get metered(): boolean {
    return this.#report !== undefined
  }

  get reporting(): { readonly ReturnConsumedCapacity: 'TOTAL' | 'NONE' } {
    return { ReturnConsumedCapacity: this.metered ? 'TOTAL' : 'NONE' }
  }

  report(family: ItemFamily, operation: Operation, units: number | undefined): void {
    if (units !== undefined) this.#report?.({ family, operation, units })
  }

  put(family: ItemFamily, item: Item, condition?: Condition): Promise<ConditionalAnswer> {
    const command = new PutItemCommand({
      TableName: this.name,
      Item: { ...item },
      ...conditional(condition),
      ...this.reporting,
    })
    return this.#write(family, 'PutItem', item, () => this.client.send(command))
  }

  /** Sets attributes of an existing item. */
  /** The condition may speak of what is set: `#name` is what stands there, `:name` what is to. */
  update(
    family: ItemFamily,
    key: ItemKey,
    set: Item,
    condition: Condition,
  ): Promise<ConditionalAnswer> {
    const names = Object.keys(set)
    const command = new UpdateItemCommand({
      TableName: this.name,
      Key: { ...key },
      UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(', ')}`,
      ConditionExpression: condition.expression,
      ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
      ExpressionAttributeValues: {
        ...Object.fromEntries(names.map((name) => [`:${name}`, set[name]])),
        ...condition.values,
      } as Record<string, VendorValue>,
      ...this.reporting,
    })
    return this.#write(family, 'UpdateItem', key, () => this.client.send(command))
  }

  remove(family: ItemFamily, key: ItemKey, condition: Condition): Promise<ConditionalAnswer> {
    const command = new DeleteItemCommand({
      TableName: this.name,
      Key: { ...key },
      ...conditional(condition),
      ...this.reporting,
    })
    return this.#write(family, 'DeleteItem', key, () => this.client.send(command))
  }

  async get(key: ItemKey): Promise<Item | undefined> {
    const command = new GetItemCommand({
      TableName: this.name,
      Key: { ...key },
      ConsistentRead: true,
    })
    const answer = await this.attempt(() => this.client.send(command))
    return answer.Item && toItem(answer.Item)
  }

  /** All items of a partition, or of a range of it, in key order, page by page, consistent. */
  async query({
    pk,
    range,
    limit = Number.POSITIVE_INFINITY,
    descending = false,
  }: RangeQuery): Promise<Item[]> {
    const items: Item[] = []
    let start: Record<string, VendorValue> | undefined
    do {
      const command = new QueryCommand({
        TableName: this.name,
        ConsistentRead: true,
        ...(descending ? { ScanIndexForward: false } : {}),
        KeyConditionExpression:
          range === undefined ? 'pk = :pk' : `pk = :pk AND ${range.expression}`,
        ExpressionAttributeValues: { ':pk': { S: pk }, ...range?.values },
        ...(Number.isFinite(limit) ? { Limit: limit - items.length } : {}),
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      })
      const page = await this.attempt(() => this.client.send(command))
      items.push(...(page.Items ?? []).map(toItem))
      start = page.LastEvaluatedKey
    } while (start !== undefined && items.length < limit)
    return items
  }

  async attempt<T>(send: () => Promise<T>): Promise<T> {
    try {
      return await send()
    } catch (error) {
      throw toStoreError(error, this.name)
    }
  }

  async #write(
    family: ItemFamily,
    operation: Operation,
    written: Item,
    send: () => Promise<WriteOutput>,
  ): Promise<ConditionalAnswer> {
    try {
      const { ConsumedCapacity } = await this.attempt(send)
      this.report(family, operation, ConsumedCapacity?.CapacityUnits)
      return { done: true }
    } catch (error) {
      if (!hasName(error, 'ConditionalCheckFailedException')) throw error
      const refusal = refused(error)
      this.report(family, operation, refusalUnits(refusal.standing, written))
      return refusal
    }
  }
}

export function itemKey(pk: string, sk: string): ItemKey {
  return { pk: { S: pk }, sk: { S: sk } }
}

/** The cost of a refused write of `written`, by what stands there where the table tells. */
export function refusalUnits(standing: Item | undefined, written: Item): number {
  return writeUnits(itemBytes(standing ?? written))
}

/** Keeps the kinds of attributes that this project stores. */
export function toItem(attributes: Readonly<Record<string, VendorValue>>): Item {
  const item: Record<string, AttributeValue> = {}
  for (const [name, value] of Object.entries(attributes)) {
    if (value.S !== undefined) item[name] = { S: value.S }
    else if (value.N !== undefined) item[name] = { N: value.N }
    else if (value.B !== undefined) item[name] = { B: value.B }
  }
  return item
}

function conditional(condition: Condition | undefined) {
  if (condition === undefined) return {}
  const { expression, values } = condition
  return {
    ConditionExpression: expression,
    ...(values === undefined ? {} : { ExpressionAttributeValues: { ...values } }),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
  }
}

function refused(error: unknown): Refused {
  const { Item: standing, $metadata: metadata } = error as {
    readonly Item?: Record<string, VendorValue>
    readonly $metadata?: { readonly attempts?: number }
  }
  return {
    done: false,
    standing: standing && toItem(standing),
    repeated: (metadata?.attempts ?? 1) > 1,
  }
}
