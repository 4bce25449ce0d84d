import type { Item, ItemKey } from '@fermata/lambda-runtime/table'
import type { LeaseStore, Leases, ReplicaRecord, ShardRecord } from '../../ports/index.ts'
import { numberIn, textIn } from './attributes.ts'
import { type DynamoTable, itemKey } from './dynamo-table.ts'
import { RevisedRecords } from './revised-records.ts'

const partition = 'L'
const replicaPrefix = 'replica#'
const shardPrefix = 'shard#'

export class DynamoLeaseStore implements LeaseStore {
  readonly #table: DynamoTable
  readonly #records: RevisedRecords

  constructor(table: DynamoTable) {
    this.#table = table
    this.#records = new RevisedRecords(table, 'lease')
  }

  async list(): Promise<Leases> {
    const items = await this.#table.query({ pk: partition })
    const ofKind = (prefix: string) =>
      items.filter((item) => textIn('lease', item, 'sk').startsWith(prefix))
    return {
      replicas: ofKind(replicaPrefix).map(toReplica),
      shards: ofKind(shardPrefix).map(toShard),
    }
  }

  putReplica(record: ReplicaRecord, expectedRev: number | undefined): Promise<boolean> {
    const attributes = { startedAt: { N: String(record.startedAt) } }
    return this.#records.put(replicaKey(record.replica), record.rev, attributes, expectedRev)
  }

  removeReplica(replica: string, expectedRev: number): Promise<boolean> {
    return this.#records.remove(replicaKey(replica), expectedRev)
  }

  putShard(record: ShardRecord, expectedRev: number | undefined): Promise<boolean> {
    const { shard, owner, rev, cursor } = record
    const attributes = {
      ...(owner === undefined ? {} : { owner: { S: owner } }),
      ...(cursor === '' ? {} : { cursor: { S: cursor } }),
    }
    // Padded, so that they are listed in the order of their numbers.
    const key = itemKey(partition, `${shardPrefix}${String(shard).padStart(4, '0')}`)
    return this.#records.put(key, rev, attributes, expectedRev)
  }
}

function replicaKey(replica: string): ItemKey {
  return itemKey(partition, `${replicaPrefix}${replica}`)
}

function toReplica(item: Item): ReplicaRecord {
  return {
    replica: textIn('replica', item, 'sk').slice(replicaPrefix.length),
    rev: numberIn('replica', item, 'rev'),
    startedAt: numberIn('replica', item, 'startedAt'),
  }
}

function toShard(item: Item): ShardRecord {
  return {
    shard: Number(textIn('shard', item, 'sk').slice(shardPrefix.length)),
    owner: item['owner'] && textIn('shard', item, 'owner'),
    rev: numberIn('shard', item, 'rev'),
    cursor: item['cursor'] === undefined ? '' : textIn('shard', item, 'cursor'),
  }
}
