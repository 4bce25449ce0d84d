import type {
  AgendaStore,
  Clock,
  CollectorStore,
  JournalStore,
  LeaseStore,
  ObjectStore,
  PromiseStore,
  RegistryStore,
} from '../../ports/index.ts'
import { MemoryAgendaStore } from './memory-agenda-store.ts'
import { MemoryCollectorStore } from './memory-collector-store.ts'
import { MemoryJournalStore } from './memory-journal-store.ts'
import { MemoryLeaseStore } from './memory-lease-store.ts'
import { MemoryObjectStore } from './memory-object-store.ts'
import { MemoryPromiseStore } from './memory-promise-store.ts'
import { MemoryRegistryStore } from './memory-registry-store.ts'
import { createMemoryTable, type MemoryTable } from './memory-table.ts'

export type MemoryStores = {
  readonly journals: JournalStore
  readonly agenda: AgendaStore
  readonly leases: LeaseStore
  readonly registry: RegistryStore
  readonly promises: PromiseStore
  readonly collectors: CollectorStore
  readonly objects: ObjectStore
}

export type MemoryStoresOptions = {
  readonly clock: Pick<Clock, 'now'>
  /** Give several replicas of one process the same table; without it the stores have their own. */
  readonly table?: MemoryTable
}

/** The four stores in memory, with the semantics of the DynamoDB ones. What they hold ends with the process. */
export function createMemoryStores(options: MemoryStoresOptions): MemoryStores {
  const table = options.table ?? createMemoryTable()
  return {
    journals: new MemoryJournalStore(table, options.clock),
    agenda: new MemoryAgendaStore(table),
    leases: new MemoryLeaseStore(table),
    registry: new MemoryRegistryStore(table),
    objects: new MemoryObjectStore(table, options.clock),
    collectors: new MemoryCollectorStore(table, options.clock),
    promises: new MemoryPromiseStore(table, options.clock),
  }
}
