import type { ReplicaRecord, ShardRecord } from '@fermata/orchestrator/ports'
import { expect } from 'vitest'
import { describeCases, freshName, type StoreCases, type StoresUnderTest } from './harness.ts'

let nextShard = 100

/** Records that no other test uses. */
function freshRecords({ leases }: StoresUnderTest) {
  const replica: ReplicaRecord = {
    replica: freshName('replica'),
    rev: 1,
    startedAt: 1_800_000_000_000,
  }
  const shard: ShardRecord = { shard: nextShard++, owner: replica.replica, rev: 1, cursor: '' }
  return {
    leases,
    replica,
    shard,
    replicaNow: async () =>
      (await leases.list()).replicas.find((r) => r.replica === replica.replica),
    shardNow: async () => (await leases.list()).shards.find((s) => s.shard === shard.shard),
  }
}

const cases: StoreCases = {
  'keeps a heartbeat whose revision follows the one that was read': async (stores) => {
    const { leases, replica, replicaNow } = freshRecords(stores)

    expect(await leases.putReplica(replica, undefined)).toBe(true)
    expect(await leases.putReplica({ ...replica, rev: 2 }, 1)).toBe(true)
    expect(await replicaNow()).toEqual({ ...replica, rev: 2 })
  },

  'refuses a heartbeat on another revision than the stored one': async (stores) => {
    const { leases, replica, replicaNow } = freshRecords(stores)
    await leases.putReplica(replica, undefined)

    expect(await leases.putReplica({ ...replica, rev: 2 }, undefined)).toBe(false)
    expect(await leases.putReplica({ ...replica, rev: 9 }, 8)).toBe(false)
    expect(await replicaNow()).toEqual(replica)
  },

  'tells an owner whose record was removed that it lost everything': async (stores) => {
    const { leases, replica, replicaNow } = freshRecords(stores)
    await leases.putReplica(replica, undefined)

    expect(await leases.removeReplica(replica.replica, 1)).toBe(true)
    expect(await leases.putReplica({ ...replica, rev: 2 }, 1)).toBe(false)
    expect(await replicaNow()).toBeUndefined()
  },

  'does not remove a replica that has beaten since': async (stores) => {
    const { leases, replica, replicaNow } = freshRecords(stores)
    await leases.putReplica(replica, undefined)
    await leases.putReplica({ ...replica, rev: 2 }, 1)

    expect(await leases.removeReplica(replica.replica, 1)).toBe(false)
    expect(await leases.removeReplica(freshName('nobody'), 1)).toBe(false)
    expect(await replicaNow()).toEqual({ ...replica, rev: 2 })
  },

  'keeps owner, revision and cursor of a shard': async (stores) => {
    const { leases, shard, shardNow } = freshRecords(stores)
    const free = { ...shard, owner: undefined, rev: 2, cursor: '000001800000000#a' }

    expect(await leases.putShard(shard, undefined)).toBe(true)
    expect(await shardNow()).toEqual(shard)
    expect(await leases.putShard(free, 1)).toBe(true)
    expect(await shardNow()).toEqual(free)
    expect(await leases.putShard({ ...free, rev: 2 }, 1)).toBe(false)
  },

  'gives a shard to exactly one of twenty takers': async (stores) => {
    const { leases, shard, shardNow } = freshRecords(stores)
    await leases.putShard(shard, undefined)
    const takers = Array.from({ length: 20 }, (_, i) => ({ ...shard, owner: `r${i}`, rev: 2 }))

    const taken = await Promise.all(takers.map((taker) => leases.putShard(taker, 1)))

    const won = takers.filter((_, i) => taken[i])
    expect(won).toHaveLength(1)
    expect(await shardNow()).toEqual(won[0])
  },

  'creates a shard record for exactly one of twenty': async (stores) => {
    const { leases, shard } = freshRecords(stores)
    const takers = Array.from({ length: 20 }, (_, i) => ({ ...shard, owner: `r${i}` }))

    const taken = await Promise.all(takers.map((taker) => leases.putShard(taker, undefined)))

    expect(taken.filter(Boolean)).toHaveLength(1)
  },

  'lets only one of a heartbeat and a removal happen': async (stores) => {
    const { leases, replica, replicaNow } = freshRecords(stores)
    await leases.putReplica(replica, undefined)

    const [beaten, removed] = await Promise.all([
      leases.putReplica({ ...replica, rev: 2 }, 1),
      leases.removeReplica(replica.replica, 1),
    ])

    expect([beaten, removed]).toContain(true)
    expect(beaten).not.toBe(removed)
    expect((await replicaNow())?.rev).toBe(beaten ? 2 : undefined)
  },

  'lists shards in the order of their numbers': async (stores) => {
    const { leases, shard } = freshRecords(stores)
    for (const n of [9, 10, 2]) {
      const expected = (await leases.list()).shards.find((s) => s.shard === n)?.rev
      await leases.putShard({ ...shard, shard: n, rev: (expected ?? 0) + 1 }, expected)
    }

    const numbers = (await leases.list()).shards.map((s) => s.shard)
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
    expect(numbers).toEqual(expect.arrayContaining([2, 9, 10]))
  },
}

/** What every LeaseStore must do. */
export function leaseStoreContract(name: string, stores: () => StoresUnderTest): void {
  describeCases(`${name}: LeaseStore`, cases, stores)
}
