import { DeleteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { createTableJournal, segmentItemKey } from '@fermata/lambda-runtime/table'
import {
  createDynamoStores,
  type DynamoStores,
  type DynamoStoresOptions,
} from '@fermata/orchestrator/adapters/dynamodb/stores'
import { createHandClock, type HandClock, type StoresUnderTest } from './harness.ts'

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
export const region = 'eu-west-1'

export type DynamoUnderTest = StoresUnderTest &
  Pick<DynamoStores, 'ensureTable' | 'detectBatching' | 'close'>

export type DynamoUnderTestOptions = Pick<DynamoStoresOptions, 'onWriteUnits' | 'groupCommit'> & {
  readonly table?: string
  readonly maxAttempts?: number
  readonly clock?: HandClock
}

/** Stores on a DynamoDB of some make: the hand-moved clock tells the time, real timers wait. */
export function createDynamoUnderTest(
  endpoint: string,
  {
    table = 'fermata',
    maxAttempts,
    clock = createHandClock(),
    ...options
  }: DynamoUnderTestOptions = {},
): DynamoUnderTest {
  const client = { endpoint, region, credentials, ...(maxAttempts && { maxAttempts }) }
  const stores = createDynamoStores({
    table,
    client,
    clock: { now: clock.now, timer: startTimer, sleep: waitFor },
    ...options,
  })
  const direct = new DynamoDBClient(client)
  return {
    ...stores,
    clock,
    handlerJournal: (request) =>
      createTableJournal(
        { ...request, channel: { kind: 'dynamodb', table, region, endpoint } },
        { environment: () => handlerEnvironment },
      ),
    async erase(id, n) {
      await direct.send(
        new DeleteItemCommand({ TableName: table, Key: { ...segmentItemKey(id, n) } }),
      )
    },
    async close() {
      await stores.close()
      direct.destroy()
    },
  }
}

export const handlerEnvironment = {
  AWS_ACCESS_KEY_ID: 'handler',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_SESSION_TOKEN: 'session',
}

function startTimer(ms: number, fn: () => void): () => void {
  const timer = setTimeout(fn, ms)
  return () => clearTimeout(timer)
}

function waitFor(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
