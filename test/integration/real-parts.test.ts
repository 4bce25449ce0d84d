import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  BatchExecuteStatementCommand,
  CreateTableCommand,
  DynamoDBClient,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb'
import { Kafka, logLevel } from 'kafkajs'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { startDynalite } from '../support/real-parts/dynalite.ts'
import { startDynamoDbLocal } from '../support/real-parts/dynamodb-local.ts'
import { startDynoxide } from '../support/real-parts/dynoxide.ts'
import { findJava } from '../support/real-parts/java.ts'
import { startKafka } from '../support/real-parts/kafka.ts'
import { withProcessLock } from '../support/real-parts/process-lock.ts'
import { findMissing, mayBeMissing, requirePart } from '../support/real-parts/require-part.ts'

const slow = { timeout: 120_000 }

function connectTo(brokers: readonly string[]): Kafka {
  return new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING, retry: { retries: 20 } })
}

async function readAll(kafka: Kafka, topic: string, count: number): Promise<string[]> {
  const consumer = kafka.consumer({ groupId: `reader-of-${topic}` })
  const values: string[] = []
  const enough = Promise.withResolvers<void>()
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message }) => {
      values.push(String(message.value))
      if (values.length === count) enough.resolve()
    },
  })
  await enough.promise
  await consumer.disconnect()
  return values.sort()
}

requirePart('kafka')('a real Kafka', () => {
  test('keeps records over a crash of the broker', slow, async () => {
    const broker = await startKafka()
    onTestFinished(() => broker.stop())
    await broker.createTopics([{ topic: 'orders', partitions: 3 }])
    const kafka = connectTo(broker.brokers)
    const producer = kafka.producer({ idempotent: true })
    await producer.connect()
    onTestFinished(() => producer.disconnect())
    await producer.send({ topic: 'orders', acks: -1, messages: [{ value: 'one' }] })

    await broker.restart({ crash: true })

    await producer.send({ topic: 'orders', acks: -1, messages: [{ value: 'two' }] })
    expect(await readAll(kafka, 'orders', 2)).toEqual(['one', 'two'])
  })

  test('refuses a topic that nobody created', slow, async () => {
    const broker = await startKafka({ heapMb: 256 })
    onTestFinished(() => broker.stop())
    const admin = new Kafka({
      brokers: [...broker.brokers],
      logLevel: logLevel.NOTHING,
      retry: { retries: 0 },
    }).admin()
    await admin.connect()
    onTestFinished(() => admin.disconnect())

    await expect(admin.fetchTopicMetadata({ topics: ['nobodys'] })).rejects.toMatchObject({
      type: 'UNKNOWN_TOPIC_OR_PARTITION',
    })
  })
})

const table = {
  TableName: 'things',
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  BillingMode: 'PAY_PER_REQUEST',
} as const

const putIfAbsent = new PutItemCommand({
  TableName: 'things',
  Item: { pk: { S: 'a' } },
  ConditionExpression: 'attribute_not_exists(pk)',
})

async function clientWithTable(endpoint: string): Promise<DynamoDBClient> {
  const credentials = { accessKeyId: 'fake', secretAccessKey: 'fake' }
  const client = new DynamoDBClient({ endpoint, region: 'eu-west-1', credentials })
  onTestFinished(() => client.destroy())
  await client.send(
    new CreateTableCommand({
      ...table,
      KeySchema: [...table.KeySchema],
      AttributeDefinitions: [...table.AttributeDefinitions],
    }),
  )
  return client
}

const stores = [
  ['dynamodb-local', startDynamoDbLocal],
  ['dynalite', startDynalite],
  ['dynalite', () => startDynalite({ process: 'child' })],
  ['dynoxide', startDynoxide],
] as const

describe.each(stores)('a store (%s)', (part, start) => {
  requirePart(part)('once started', () => {
    test('lets only the first of two conditional puts through', slow, async () => {
      const store = await start()
      onTestFinished(() => store.stop())
      const client = await clientWithTable(store.endpoint)

      await client.send(putIfAbsent)

      await expect(client.send(putIfAbsent)).rejects.toMatchObject({
        name: 'ConditionalCheckFailedException',
      })
    })
  })
})

requirePart('dynamodb-local')('DynamoDB Local', () => {
  test('answers each statement of a PartiQL batch by itself', slow, async () => {
    const store = await startDynamoDbLocal()
    onTestFinished(() => store.stop())
    const client = await clientWithTable(store.endpoint)
    const insert = (pk: string) => ({ Statement: `INSERT INTO "things" VALUE {'pk':'${pk}'}` })
    await client.send(putIfAbsent)

    const { Responses = [] } = await client.send(
      new BatchExecuteStatementCommand({ Statements: [insert('a'), insert('b')] }),
    )

    expect(Responses.map(({ Error: failure }) => failure?.Code)).toEqual([
      'DuplicateItem',
      undefined,
    ])
  })
})

describe('dynalite', () => {
  test('says that it knows no PartiQL', async () => {
    const store = await startDynalite()
    onTestFinished(() => store.stop())
    const client = await clientWithTable(store.endpoint)

    const batch = new BatchExecuteStatementCommand({
      Statements: [{ Statement: `INSERT INTO "things" VALUE {'pk':'a'}` }],
    })

    await expect(client.send(batch)).rejects.toMatchObject({ name: 'UnknownOperationException' })
  })
})

describe('a missing part', () => {
  test('is named with what to install', () => {
    expect(findMissing('kafka', { PATH: '' })).toMatchObject({
      code: 'MISSING_JAVA',
      part: 'kafka',
    })
    expect(() => findJava('kafka', { PATH: '' })).toThrow('Install a Java runtime, version 17')
  })

  test('is a failure in CI unless it is optional', () => {
    expect(mayBeMissing('kafka', {})).toBe(true)
    expect(mayBeMissing('kafka', { CI: 'true' })).toBe(false)
    expect(mayBeMissing('dynoxide', { CI: 'true' })).toBe(true)
  })
})

describe('a guarded process', () => {
  test('ends, and its data with it, when the process that started it is killed', async () => {
    const dataDirectory = await mkdtemp(join(tmpdir(), 'fermata-guard-'))
    const program = new URL('../support/real-parts/fixtures/guarded-sleep.ts', import.meta.url)
    const parent = fork(fileURLToPath(program), [dataDirectory], { execArgv: [] })
    const [pid] = await once(parent, 'message')
    expect(isAlive(pid)).toBe(true)

    parent.kill('SIGKILL')

    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), 60_000)
    await vi.waitFor(() => expect(existsSync(dataDirectory)).toBe(false), 60_000)
  })
})

describe('the lock between processes', () => {
  test('lets one piece of work run at a time', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'fermata-lock-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    const path = join(directory, 'lock')
    let inside = 0
    const work = async () => {
      inside += 1
      const seen = inside
      await new Promise(setImmediate)
      inside -= 1
      return seen
    }

    const seen = await Promise.all([1, 2, 3].map(() => withProcessLock(path, work)))

    expect(seen).toEqual([1, 1, 1])
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
