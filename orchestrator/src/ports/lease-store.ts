/** A replica's heartbeat. `rev` grows with each; a taker that sees it stand still for a lease takes over. */
export type ReplicaRecord = {
  readonly replica: string
  readonly rev: number
  readonly startedAt: number
}

/** Who owns a shard of the agenda, and how far it has been dealt with (`cursor`: an agenda key, exclusive). */
export type ShardRecord = {
  readonly shard: number
  readonly owner: string | undefined
  readonly rev: number
  readonly cursor: string
}

export type Leases = {
  readonly replicas: readonly ReplicaRecord[]
  readonly shards: readonly ShardRecord[]
}

/** Every write is conditional on the `rev` that was read (`undefined`: the record must not exist); `false`: it was not so. */
export interface LeaseStore {
  list(): Promise<Leases>
  putReplica(record: ReplicaRecord, expectedRev: number | undefined): Promise<boolean>
  removeReplica(replica: string, expectedRev: number): Promise<boolean>
  putShard(record: ShardRecord, expectedRev: number | undefined): Promise<boolean>
}
