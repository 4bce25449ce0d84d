import { createMemoryHandlerJournal } from '@fermata/orchestrator/adapters/memory/memory-handler-journal'
import { createMemoryTable } from '@fermata/orchestrator/adapters/memory/memory-table'
import { createMemoryStores } from '@fermata/orchestrator/adapters/memory/stores'
import { beforeEach } from 'vitest'
import { agendaStoreContract } from './agenda-store-contract.ts'
import { collectorStoreContract } from './collector-store-contract.ts'
import { handlerJournalContract } from './handler-journal-contract.ts'
import { createHandClock, type StoresUnderTest } from './harness.ts'
import { journalStoreContract } from './journal-store-contract.ts'
import { leaseStoreContract } from './lease-store-contract.ts'
import { objectStoreContract } from './object-store-contract.ts'
import { promiseStoreContract } from './promise-store-contract.ts'
import { registryStoreContract } from './registry-store-contract.ts'

const table = createMemoryTable()
let stores = createStores()
beforeEach(() => {
  stores = createStores()
})

/** Each test has stores of its own on the table that all share, as replicas do. */
function createStores(): StoresUnderTest {
  const clock = createHandClock()
  const made = createMemoryStores({ clock, table })
  return {
    ...made,
    clock,
    handlerJournal: (request) => createMemoryHandlerJournal(made.journals, request, made.objects),
    async erase(id, n) {
      table.journals.get(id)?.delete(n)
    },
  }
}

journalStoreContract('memory', () => stores)
agendaStoreContract('memory', () => stores)
leaseStoreContract('memory', () => stores)
registryStoreContract('memory', () => stores)
objectStoreContract('memory', () => stores)
promiseStoreContract('memory', () => stores)
collectorStoreContract('memory', () => stores)
handlerJournalContract('memory', () => stores)
