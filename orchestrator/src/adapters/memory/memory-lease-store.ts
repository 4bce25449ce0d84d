import type { LeaseStore, Leases, ReplicaRecord, ShardRecord } from '../../ports/index.ts'
import type { MemoryTable } from './memory-table.ts'

export class MemoryLeaseStore implements LeaseStore {
  readonly #table: MemoryTable

  constructor(table: MemoryTable) {
    this.#table = table
  }

  async list(): Promise<Leases> {
    const { replicas, shards } = this.#table
    return {
      replicas: [...replicas.values()].map((record) => ({ ...record })),
      shards: [...shards.values()]
        .map((record) => ({ ...record }))
        .sort((a, b) => a.shard - b.shard),
    }
  }

  async putReplica(record: ReplicaRecord, expectedRev: number | undefined): Promise<boolean> {
    return putIf(this.#table.replicas, record.replica, record, expectedRev)
  }

  async removeReplica(replica: string, expectedRev: number): Promise<boolean> {
    if (this.#table.replicas.get(replica)?.rev !== expectedRev) return false
    return this.#table.replicas.delete(replica)
  }

  async putShard(record: ShardRecord, expectedRev: number | undefined): Promise<boolean> {
    return putIf(this.#table.shards, record.shard, record, expectedRev)
  }
}

/** Records are flat: a copy of one is no window on what is stored. */
function putIf<K, V extends ReplicaRecord | ShardRecord>(
  records: Map<K, V>,
  key: K,
  record: V,
  expectedRev: number | undefined,
): boolean {
  if (records.get(key)?.rev !== expectedRev) return false
  records.set(key, { ...record })
  return true
}
