import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { ReplicaRecord, ShardRecord } from '../../ports/index.ts'

/** A segment as JSON text, so that neither writer nor reader can change what is stored. */
export type MemorySegment = { readonly text: string; readonly expires: number }
/** An outcome, or a waiter, as JSON text. `expires` is epoch ms. */
export type MemoryPromise = { readonly text: string; readonly expires: number }
/** A key's head, slots by number, and large values by name and slot, all as JSON text. */
export type MemoryObject = {
  head: string | undefined
  readonly slots: Map<number, string>
  readonly values: Map<string, string>
}
export type MemoryDocument = { readonly rev: number; readonly text: string }

/**
 * What a DynamoDB table is to the DynamoDB stores: several replicas in one process share one. It is plain
 * data, so that a test may take items away as DynamoDB's TTL does: late, and in any order.
 */
export type MemoryTable = {
  readonly journals: Map<InvocationId, Map<number, MemorySegment>>
  readonly agenda: Map<number, Map<string, string>>
  readonly replicas: Map<string, ReplicaRecord>
  readonly shards: Map<number, ShardRecord>
  readonly registry: Map<string, Map<string, MemoryDocument>>
  /** Outcomes by workflow and key, then name. */
  readonly promises: Map<string, Map<string, MemoryPromise>>
  /** By promise, then waiter. */
  readonly promiseWaiters: Map<string, Map<string, MemoryPromise>>
  readonly collectors: Map<string, MemoryCollector>
  /** By service and key: `<service>#<key>`. */
  readonly objects: Map<string, MemoryObject>
}

export type MemoryCollector = {
  head: MemoryDocument | undefined
  /** By number, as JSON text. */
  readonly slots: Map<number, string>
  /** When the mark of a send expires. */
  readonly taken: Map<string, number>
}

export function createMemoryTable(): MemoryTable {
  return {
    journals: new Map(),
    agenda: new Map(),
    replicas: new Map(),
    shards: new Map(),
    registry: new Map(),
    promises: new Map(),
    promiseWaiters: new Map(),
    collectors: new Map(),
    objects: new Map(),
  }
}

/** The collector of this name, made on first use. */
export function memoryCollector({ collectors }: MemoryTable, name: string): MemoryCollector {
  const found = collectors.get(name)
  if (found !== undefined) return found
  const made: MemoryCollector = { head: undefined, slots: new Map(), taken: new Map() }
  collectors.set(name, made)
  return made
}

/** The map under `key`, made on first use. */
export function mapAt<K, L, V>(maps: Map<K, Map<L, V>>, key: K): Map<L, V> {
  const found = maps.get(key)
  if (found !== undefined) return found
  const made = new Map<L, V>()
  maps.set(key, made)
  return made
}

/** The order of DynamoDB's sort keys: by UTF-8 bytes, not by UTF-16 units. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
