import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { RunningStore } from '../../support/real-parts/running-store.ts'
import { agendaStoreContract } from './agenda-store-contract.ts'
import { collectorStoreContract } from './collector-store-contract.ts'
import { createDynamoUnderTest, type DynamoUnderTest } from './dynamo-under-test.ts'
import { handlerJournalContract } from './handler-journal-contract.ts'
import { createHandClock } from './harness.ts'
import { journalStoreContract } from './journal-store-contract.ts'
import { leaseStoreContract } from './lease-store-contract.ts'
import { objectStoreContract } from './object-store-contract.ts'
import { promiseStoreContract } from './promise-store-contract.ts'
import { registryStoreContract } from './registry-store-contract.ts'

/** All contracts of the stores, on one server; each test has stores of its own on a shared table. */
export function dynamoContract(name: string, start: () => Promise<RunningStore>): void {
  let server: RunningStore | undefined
  let stores: DynamoUnderTest | undefined
  const made: DynamoUnderTest[] = []

  beforeAll(async () => {
    server = await start()
    const setup = createDynamoUnderTest(server.endpoint)
    await setup.ensureTable({ create: true })
    await setup.close()
  })
  beforeEach(() => {
    stores = createDynamoUnderTest(server?.endpoint ?? '', { clock: createHandClock() })
    made.push(stores)
  })
  afterAll(async () => {
    await Promise.all(made.map((each) => each.close()))
    await server?.stop()
  })

  const current = (): DynamoUnderTest => {
    if (stores === undefined) throw new Error('The stores are made before each test')
    return stores
  }
  journalStoreContract(name, current)
  agendaStoreContract(name, current)
  leaseStoreContract(name, current)
  registryStoreContract(name, current)
  objectStoreContract(name, current)
  promiseStoreContract(name, current)
  collectorStoreContract(name, current)
  handlerJournalContract(name, current)
}
