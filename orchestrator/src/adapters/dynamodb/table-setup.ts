import {
  CreateTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type TableDescription,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb'
import { FermataError } from '../../domain/errors.ts'
import type { Clock } from '../../ports/index.ts'
import type { DynamoTable } from './dynamo-table.ts'
import { hasName } from './store-errors.ts'

export type EnsureTableOptions = {
  /** Creates the table when it does not exist; otherwise that is an error. */
  readonly create: boolean
}

const ttlAttribute = 'ttl'
const pollMs = 200
const maxPolls = 300

/**
 * Makes sure that the table is there, active, of the right shape, and deletes what has expired.
 * @throws FermataError `store-unreachable`, with what to do
 */
export async function ensureTable(
  table: DynamoTable,
  clock: Pick<Clock, 'sleep'>,
  { create }: EnsureTableOptions,
): Promise<void> {
  if (create && (await describe(table)) === undefined) await createTable(table)
  const description = await untilActive(table, clock)
  checkShape(table, description)
  await enableTtl(table)
}

async function describe(table: DynamoTable): Promise<TableDescription | undefined> {
  try {
    const command = new DescribeTableCommand({ TableName: table.name })
    return (await table.attempt(() => table.client.send(command))).Table
  } catch (error) {
    if (error instanceof FermataError && hasName(error.cause, 'ResourceNotFoundException')) {
      return undefined
    }
    throw error
  }
}

async function createTable(table: DynamoTable): Promise<void> {
  const command = new CreateTableCommand({
    TableName: table.name,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'S' },
    ],
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
  })
  try {
    await table.attempt(() => table.client.send(command))
  } catch (error) {
    // Another replica was faster.
    if (!hasName(error, 'ResourceInUseException')) throw error
  }
}

async function untilActive(
  table: DynamoTable,
  clock: Pick<Clock, 'sleep'>,
): Promise<TableDescription> {
  for (let polls = 0; polls < maxPolls; polls++) {
    const description = await describe(table)
    if (description === undefined) {
      throw unusable(table, 'it does not exist: create it, or let the orchestrator create it')
    }
    if (description.TableStatus === 'ACTIVE' || description.TableStatus === 'UPDATING') {
      return description
    }
    await clock.sleep(pollMs)
  }
  throw unusable(table, `it did not become active within ${(pollMs * maxPolls) / 1000} s`)
}

function checkShape(table: DynamoTable, description: TableDescription): void {
  const types = new Map(
    description.AttributeDefinitions?.map((a) => [a.AttributeName, a.AttributeType]),
  )
  const keys = description.KeySchema?.map(
    ({ AttributeName: name, KeyType }) => `${KeyType} ${name} ${types.get(name)}`,
  )
  if (keys?.join() !== 'HASH pk S,RANGE sk S') {
    throw unusable(
      table,
      `its key is (${keys?.join()}), not (HASH pk S,RANGE sk S): name another table`,
    )
  }
}

async function enableTtl(table: DynamoTable): Promise<void> {
  const { client, name: TableName } = table
  try {
    const described = await table.attempt(() =>
      client.send(new DescribeTimeToLiveCommand({ TableName })),
    )
    const { TimeToLiveStatus: status, AttributeName } = described.TimeToLiveDescription ?? {}
    if (status === 'ENABLED' || status === 'ENABLING') {
      if (AttributeName === ttlAttribute) return
      throw unusable(table, `its time to live is by "${AttributeName}", not by "${ttlAttribute}"`)
    }
    const TimeToLiveSpecification = { AttributeName: ttlAttribute, Enabled: true }
    await table.attempt(() =>
      client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification })),
    )
  } catch (error) {
    if (!mayGoWithoutTtl(error)) throw error
  }
}

/** A small server for development knows no TTL; another replica may have enabled it meanwhile. */
function mayGoWithoutTtl(error: unknown): boolean {
  if (hasName(error, 'UnknownOperationException')) return true
  return error instanceof Error && /already enabled/i.test(error.message)
}

function unusable(table: DynamoTable, reason: string): FermataError {
  return new FermataError('store-unreachable', `Table "${table.name}": ${reason}`)
}
