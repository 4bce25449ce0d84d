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
import { BatchWriter } from './batch-writer.ts'
import { createDynamoClient, type DynamoClientOptions } from './client.ts'
import { DynamoAgendaStore } from './dynamo-agenda-store.ts'
import { DynamoCollectorStore } from './dynamo-collector-store.ts'
import { DynamoJournalStore } from './dynamo-journal-store.ts'
import { DynamoLeaseStore } from './dynamo-lease-store.ts'
import { DynamoObjectStore } from './dynamo-object-store.ts'
import { DynamoPromiseStore } from './dynamo-promise-store.ts'
import { DynamoRegistryStore } from './dynamo-registry-store.ts'
import { DynamoTable, type WriteUnits } from './dynamo-table.ts'
import { GroupCommit, type GroupCommitOptions } from './group-commit.ts'
import { type EnsureTableOptions, ensureTable } from './table-setup.ts'

export type DynamoStoresOptions = {
  readonly table: string
  readonly client?: DynamoClientOptions
  readonly clock: Pick<Clock, 'now' | 'timer' | 'sleep'>
  /** Hears the cost of every write, refused ones included. */
  readonly onWriteUnits?: (units: WriteUnits) => void
  /** How puts gather into common requests. */
  readonly groupCommit?: Partial<Pick<GroupCommitOptions, 'eager' | 'lingerMs' | 'maxInFlight'>>
}

export type DynamoStores = {
  readonly journals: JournalStore
  readonly agenda: AgendaStore
  readonly leases: LeaseStore
  readonly registry: RegistryStore
  readonly promises: PromiseStore
  readonly collectors: CollectorStore
  readonly objects: ObjectStore
  /** @throws FermataError `store-unreachable`, with what to do */
  ensureTable(options: EnsureTableOptions): Promise<void>
  /** Whether the server packs puts into batches; otherwise each is a request of its own. */
  detectBatching(): Promise<boolean>
  /** Waits for the puts under way. */
  close(): Promise<void>
}

/** The four stores in one DynamoDB table. Everything they throw about the way to it is `store-unreachable`. */
export function createDynamoStores(options: DynamoStoresOptions): DynamoStores {
  const { clock, groupCommit = {} } = options
  const client = createDynamoClient(options.client ?? {})
  const table = new DynamoTable(client, options.table, options.onWriteUnits)
  const writer = new BatchWriter(table)
  const puts = new GroupCommit({
    clock,
    write: (items) => writer.write(items),
    batching: () => writer.batching,
    eager: 2,
    lingerMs: 4,
    maxInFlight: 16,
    ...groupCommit,
  })
  return {
    journals: new DynamoJournalStore(table, puts, clock),
    agenda: new DynamoAgendaStore(table, puts),
    leases: new DynamoLeaseStore(table),
    registry: new DynamoRegistryStore(table),
    objects: new DynamoObjectStore(table, puts, clock),
    collectors: new DynamoCollectorStore(table),
    promises: new DynamoPromiseStore(table, clock),
    ensureTable: (ensure) => ensureTable(table, clock, ensure),
    detectBatching: () => writer.detectBatching(),
    async close() {
      await puts.drained()
      client.destroy()
    },
  }
}
