import {
  CreateTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startDynalite } from '../../support/real-parts/dynalite.ts'
import { startDynamoDbLocal } from '../../support/real-parts/dynamodb-local.ts'
import { withFreePorts } from '../../support/real-parts/free-ports.ts'
import { requirePart } from '../../support/real-parts/require-part.ts'
import type { RunningStore } from '../../support/real-parts/running-store.ts'
import { createDynamoUnderTest, region } from './dynamo-under-test.ts'

const servers = {
  dynalite: () => startDynalite({ process: 'child' }),
  'dynamodb-local': startDynamoDbLocal,
} as const

for (const [part, start] of Object.entries(servers)) {
  requirePart(part as keyof typeof servers)(`ensureTable on ${part}`, () => {
    let server: RunningStore
    let client: DynamoDBClient
    beforeAll(async () => {
      server = await start()
      const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
      client = new DynamoDBClient({ endpoint: server.endpoint, region, credentials })
    })
    afterAll(async () => {
      client.destroy()
      await server.stop()
    })

    test('creates the table once when three replicas ask for it together', async () => {
      const replicas = [1, 2, 3].map(() => createDynamoUnderTest(server.endpoint, { table: 'new' }))
      await Promise.all(replicas.map((stores) => stores.ensureTable({ create: true })))
      const [first] = replicas

      expect(await first?.registry.list('deployments', '', 1)).toEqual([])
      await expect(first?.ensureTable({ create: false })).resolves.toBeUndefined()
      await Promise.all(replicas.map((stores) => stores.close()))
    })

    test('says what to do when the table is missing', async () => {
      const stores = createDynamoUnderTest(server.endpoint, { table: 'nowhere' })

      await expect(stores.ensureTable({ create: false })).rejects.toMatchObject({
        code: 'store-unreachable',
        message: expect.stringContaining('"nowhere": it does not exist: create it'),
      })
      await expect(stores.registry.get('deployments', 'd')).rejects.toMatchObject({
        code: 'store-unreachable',
      })
      await stores.close()
    })

    test('refuses a table of another shape', async () => {
      const create = new CreateTableCommand({
        TableName: 'other',
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      })
      await client.send(create)
      const stores = createDynamoUnderTest(server.endpoint, { table: 'other' })

      await expect(stores.ensureTable({ create: true })).rejects.toMatchObject({
        code: 'store-unreachable',
        message: expect.stringContaining('HASH id S'),
      })
      await stores.close()
    })
  })
}

requirePart('dynamodb-local')('time to live', () => {
  test('is enabled by the attribute "ttl"', async () => {
    const server = await startDynamoDbLocal()
    const stores = createDynamoUnderTest(server.endpoint)
    await stores.ensureTable({ create: true })
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
    const client = new DynamoDBClient({ endpoint: server.endpoint, region, credentials })
    const described = await client.send(new DescribeTimeToLiveCommand({ TableName: 'fermata' }))

    expect(described.TimeToLiveDescription).toEqual({
      AttributeName: 'ttl',
      TimeToLiveStatus: 'ENABLED',
    })
    client.destroy()
    await stores.close()
    await server.stop()
  })
})

describe('an endpoint where nobody listens', () => {
  test('is an error that names the table and says what to check', async () => {
    const endpoint = await withFreePorts(1, async ([port]) => `http://127.0.0.1:${port}`)
    const stores = createDynamoUnderTest(endpoint, { maxAttempts: 1 })

    await expect(stores.ensureTable({ create: true })).rejects.toMatchObject({
      code: 'store-unreachable',
      message: expect.stringMatching(/^Table "fermata": check the endpoint.*ECONNREFUSED/),
    })
    await stores.close()
  })
})
