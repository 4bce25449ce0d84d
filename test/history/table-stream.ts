import { callDynamo } from './dynamo-call.ts'

/** An attribute as it is on the wire: bytes are base64. */
export type WireItem = Readonly<Record<string, { readonly [kind: string]: string }>>
/** One write, in the order in which they were made. */
export type WireRecord = {
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE'
  readonly dynamodb: {
    readonly Keys: WireItem
    readonly NewImage?: WireItem
    readonly OldImage?: WireItem
  }
}

type Shard = { readonly ShardId: string; readonly ParentShardId?: string }
type Described = { readonly StreamDescription: { readonly Shards: readonly Shard[] } }
type Page = { readonly Records: readonly WireRecord[]; readonly NextShardIterator?: string }

/**
 * A table as the orchestrator makes it, with a stream of all writes. DynamoDB Local keeps one shard at a time, so that
 * the order is that of the whole table, not only of each item.
 */
export class TableStream {
  readonly #endpoint: string
  readonly #arn: string
  /** Where to go on, by shard; `undefined`: it is read to its end. */
  readonly #iterators = new Map<string, string | undefined>()

  private constructor(endpoint: string, arn: string) {
    this.#endpoint = endpoint
    this.#arn = arn
  }

  static async create(endpoint: string, table: string): Promise<TableStream> {
    const { TableDescription: made } = await callDynamo<{
      readonly TableDescription: { readonly LatestStreamArn: string }
    }>(endpoint, 'DynamoDB_20120810.CreateTable', {
      TableName: table,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    })
    return new TableStream(endpoint, made.LatestStreamArn)
  }

  /** What was written since the last time. */
  async read(): Promise<readonly WireRecord[]> {
    const { StreamDescription: described } = await this.#ask<Described>('DescribeStream', {})
    const records: WireRecord[] = []
    for (const { ShardId } of described.Shards) records.push(...(await this.#readShard(ShardId)))
    return records
  }

  async #readShard(shard: string): Promise<readonly WireRecord[]> {
    const records: WireRecord[] = []
    for (;;) {
      const iterator = await this.#iteratorOf(shard)
      if (iterator === undefined) return records
      const page = await this.#get(iterator)
      this.#iterators.set(shard, page.NextShardIterator)
      records.push(...page.Records)
      if (page.Records.length === 0) return records
    }
  }

  #get(ShardIterator: string): Promise<Page> {
    return callDynamo(this.#endpoint, 'DynamoDBStreams_20120810.GetRecords', { ShardIterator })
  }

  async #iteratorOf(shard: string): Promise<string | undefined> {
    if (this.#iterators.has(shard)) return this.#iterators.get(shard)
    const { ShardIterator } = await this.#ask<{ readonly ShardIterator: string }>(
      'GetShardIterator',
      { ShardId: shard, ShardIteratorType: 'TRIM_HORIZON' },
    )
    return ShardIterator
  }

  #ask<T>(operation: string, more: object): Promise<T> {
    const body = { StreamArn: this.#arn, ...more }
    return callDynamo<T>(this.#endpoint, `DynamoDBStreams_20120810.${operation}`, body)
  }
}
