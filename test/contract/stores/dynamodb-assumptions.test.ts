import { isDeepStrictEqual } from 'node:util'
import {
  type AttributeValue,
  BatchExecuteStatementCommand,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { itemBytes, maxItemBytes, segmentKey } from '@fermata/lambda-runtime/table'
import { compareKeys } from '@fermata/orchestrator/adapters/memory/memory-table'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startDynamoDbLocal } from '../../support/real-parts/dynamodb-local.ts'
import { requirePart } from '../../support/real-parts/require-part.ts'
import type { RunningStore } from '../../support/real-parts/running-store.ts'
import { createDynamoUnderTest, region } from './dynamo-under-test.ts'
import { denseText, freshName } from './harness.ts'

type Attributes = Readonly<Record<string, AttributeValue>>

const TableName = 'fermata'
const absent = 'attribute_not_exists(pk)'
const allOld = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n)

/**
 * What DynamoDB must do for the simulation to say anything about it: its stores in memory
 * (`orchestrator/src/adapters/memory`) take each of these for granted. Each test names where.
 */
requirePart('dynamodb-local')('what is taken for granted of DynamoDB', () => {
  let server: RunningStore
  let client: DynamoDBClient
  let other: DynamoDBClient

  beforeAll(async () => {
    server = await startDynamoDbLocal()
    const setup = createDynamoUnderTest(server.endpoint)
    await setup.ensureTable({ create: true })
    await setup.close()
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
    const options = { endpoint: server.endpoint, region, credentials, maxAttempts: 1 }
    client = new DynamoDBClient(options)
    other = new DynamoDBClient(options)
  })
  afterAll(async () => {
    client?.destroy()
    other?.destroy()
    await server?.stop()
  })

  const key = (pk: string, sk: string) => ({ pk: { S: pk }, sk: { S: sk } })

  function put(item: Attributes, condition: string = absent, values?: Attributes) {
    return client.send(
      new PutItemCommand({
        TableName,
        Item: { ...item },
        ConditionExpression: condition,
        ...(values === undefined ? {} : { ExpressionAttributeValues: { ...values } }),
        ...allOld,
      }),
    )
  }
  /** Whether it was written, and what stood there if not. */
  async function outcomeOf(writing: Promise<unknown>) {
    try {
      await writing
      return { won: true } as const
    } catch (error) {
      const { name, Item } = error as { name: string; Item?: Attributes }
      return { won: false, name, standing: Item } as const
    }
  }
  const insert = (item: Attributes) => ({
    Statement: `INSERT INTO "${TableName}" VALUE {${Object.keys(item)
      .map((name) => `'${name}':?`)
      .join(',')}}`,
    Parameters: Object.values(item),
    ...allOld,
  })
  async function batch(items: readonly Attributes[]) {
    const command = new BatchExecuteStatementCommand({ Statements: items.map(insert) })
    return (await client.send(command)).Responses?.map(({ Error: failure }) => failure?.Code)
  }
  async function read(pk: string, sk: string, by = client): Promise<Attributes | undefined> {
    const command = new GetItemCommand({ TableName, Key: key(pk, sk), ConsistentRead: true })
    return (await by.send(command)).Item
  }
  const query = (pk: string, more: Partial<QueryCommandInput> = {}) =>
    client.send(
      new QueryCommand({
        TableName,
        ConsistentRead: true,
        KeyConditionExpression: 'pk = :pk',
        ...more,
        ExpressionAttributeValues: { ':pk': { S: pk }, ...more.ExpressionAttributeValues },
      }),
    )
  const sortKeys = (items: readonly Attributes[] | undefined) => items?.map(({ sk }) => sk?.S)

  describe('conditional writes (an append in memory looks and writes in one step)', () => {
    test('of forty puts of one item at once one wins, and the others see just that one', async () => {
      const pk = freshName('race')
      const items = upTo(40).map((n) => ({ ...key(pk, '0'), writer: { S: `w${n}` } }))
      const outcomes = await Promise.all(items.map((item) => outcomeOf(put(item))))

      const winner = items[outcomes.findIndex(({ won }) => won)]
      const losers = outcomes.filter(({ won }) => !won)
      expect(losers).toEqual(
        Array(39).fill({
          won: false,
          name: 'ConditionalCheckFailedException',
          standing: winner,
        }),
      )
      expect(await read(pk, '0')).toEqual(winner)
    })

    test('of batches and puts of one item at once one wins, and every neighbour is stored', async () => {
      const pk = freshName('mixed')
      const writes = upTo(20).map(async (n) => {
        const item = { ...key(pk, '0'), writer: { S: `w${n}` } }
        if (n % 2 === 0) return (await outcomeOf(put(item))).won
        const codes = await batch([key(pk, `before ${n}`), item, key(pk, `behind ${n}`)])
        expect([codes?.[0], codes?.[2]]).toEqual([undefined, undefined])
        return codes?.[1] === undefined
      })
      const won = await Promise.all(writes)

      expect(won.filter(Boolean)).toHaveLength(1)
      expect(await read(pk, '0')).toMatchObject({ writer: { S: `w${won.indexOf(true)}` } })
      expect((await query(pk)).Items).toHaveLength(1 + 2 * 10)
    })

    test('of many who replace what they have read one does (heads, leases, the registry: MemoryObjectStore.writeHead)', async () => {
      const pk = freshName('revision')
      const item = (writes: number, by: string) => ({
        ...key(pk, 'head'),
        writes: { N: String(writes) },
        by: { S: by },
      })
      await put(item(1, 'first'))
      for (const round of [1, 2, 3]) {
        const outcomes = await Promise.all(
          upTo(10).map((n) =>
            outcomeOf(
              put(item(round + 1, `${n}`), 'writes = :was', { ':was': { N: String(round) } }),
            ),
          ),
        )
        expect(outcomes.filter(({ won }) => won)).toHaveLength(1)
        expect((await read(pk, 'head'))?.['writes']).toEqual({ N: String(round + 1) })
      }
    })

    test('a condition on an attribute fails where nothing stands, and nothing is made (restamp, markSlot)', async () => {
      const pk = freshName('absent')
      const update = new UpdateItemCommand({
        TableName,
        Key: key(pk, '0'),
        UpdateExpression: 'SET #ttl = :ttl',
        ConditionExpression: 'born = :born',
        ExpressionAttributeNames: { '#ttl': 'ttl' },
        ExpressionAttributeValues: { ':ttl': { N: '1' }, ':born': { S: 'b' } },
        ...allOld,
      })
      const remove = new DeleteItemCommand({
        TableName,
        Key: key(pk, '0'),
        ConditionExpression: 'rev = :rev',
        ExpressionAttributeValues: { ':rev': { N: '1' } },
        ...allOld,
      })
      const refused = { won: false, name: 'ConditionalCheckFailedException', standing: undefined }
      expect(await outcomeOf(client.send(update))).toEqual(refused)
      expect(await outcomeOf(client.send(remove))).toEqual(refused)
      expect(await read(pk, '0')).toBeUndefined()
    })

    test('numbers are compared as numbers (expiry: `expires <= :now`)', async () => {
      const pk = freshName('number')
      await put({ ...key(pk, '0'), expires: { N: '999' } })
      const over = { ...key(pk, '0'), expires: { N: '5000' } }

      const late = await outcomeOf(put(over, 'expires <= :now', { ':now': { N: '1000' } }))
      const early = await outcomeOf(put(over, 'expires <= :now', { ':now': { N: '4999' } }))
      expect([late.won, early.won]).toEqual([true, false])
    })
  })

  describe('batches (in memory each append stands for itself)', () => {
    test('each statement is answered in its place, and only those fail whose item is there', async () => {
      const pk = freshName('batch')
      const taken = [3, 4, 17, 24]
      await Promise.all(taken.map((n) => put({ ...key(pk, segmentKey(n)), writer: { S: 'old' } })))

      const items = upTo(25).map((n) => ({ ...key(pk, segmentKey(n)), writer: { S: 'new' } }))
      const codes = await batch(items)

      expect(codes).toEqual(upTo(25).map((n) => (taken.includes(n) ? 'DuplicateItem' : undefined)))
      const { Items } = await query(pk)
      expect(Items?.map(({ writer }) => writer?.S)).toEqual(
        upTo(25).map((n) => (taken.includes(n) ? 'old' : 'new')),
      )
    })

    test('a batch that is sent again changes nothing, and every statement clashes with itself', async () => {
      const pk = freshName('again')
      const items = upTo(5).map((n) => ({ ...key(pk, segmentKey(n)), writer: { S: 'w' } }))
      await batch(items)

      expect(await batch(items)).toEqual(Array(5).fill('DuplicateItem'))
      expect((await query(pk)).Items).toEqual(items)
    })

    test('a statement that cannot be carried out leaves the others alone', async () => {
      const pk = freshName('large')
      const large = { ...key(pk, '1'), text: { S: 'x'.repeat(maxItemBytes) } }
      const codes = await batch([key(pk, '0'), large, key(pk, '2')])

      expect(codes).toEqual([undefined, 'ValidationError', undefined])
      expect(sortKeys((await query(pk)).Items)).toEqual(['0', '2'])
    })

    test('a batch of 26 is refused, and nothing of it is stored (GroupCommit sends 25)', async () => {
      const pk = freshName('whole')
      const many = upTo(26).map((n) => key(pk, segmentKey(n)))

      await expect(batch(many)).rejects.toMatchObject({ name: 'ValidationException' })
      expect((await query(pk)).Items).toEqual([])
    })

    test('a batch with one item twice is refused, though some of it may be stored (GroupCommit sends none)', async () => {
      const pk = freshName('twice')
      const twice = [key(pk, '0'), key(pk, '1'), key(pk, '1')]

      await expect(batch(twice)).rejects.toMatchObject({ name: 'ValidationException' })
      expect(['0', '1']).toEqual(expect.arrayContaining(sortKeys((await query(pk)).Items) ?? []))
    })
  })

  describe('consistent reads (in memory there is one copy of everything)', () => {
    test('see every write that was acknowledged before, whoever made it', async () => {
      const pk = freshName('seen')
      const rounds = upTo(4).map(async (writer) => {
        for (const n of upTo(15)) {
          const sk = `${writer} ${segmentKey(n)}`
          await put({ ...key(pk, sk), n: { N: String(n) } })
          expect(await read(pk, sk, other)).toMatchObject({ n: { N: String(n) } })
          const { Items = [] } = await query(pk, {
            KeyConditionExpression: 'pk = :pk AND begins_with(sk, :own)',
            ExpressionAttributeValues: { ':own': { S: `${writer} ` } },
          })
          expect(Items).toHaveLength(n + 1)
        }
      })
      await Promise.all(rounds)
      expect((await query(pk)).Items).toHaveLength(60)
    })

    test('list by sort key, by bytes of UTF-8 (compareKeys)', async () => {
      const pk = freshName('order')
      // By UTF-16 units the last two would change places.
      const names = ['10', '9', 'a', 'Z', 'ä', '~', '#', '\u{fffd}', '\u{1f600}']
      await Promise.all(names.map((name) => put(key(pk, name))))

      expect(sortKeys((await query(pk)).Items)).toEqual(names.toSorted(compareKeys))
      const down = await query(pk, { ScanIndexForward: false, Limit: 1 })
      expect(sortKeys(down.Items)).toEqual(['\u{1f600}'])
    })

    test('list padded numbers as numbers, from any on, both ends included', async () => {
      const pk = freshName('padded')
      const numbers = [0, 1, 2, 9, 10, 11, 99, 100, 1_000_000]
      await Promise.all(numbers.map((n) => put(key(pk, segmentKey(n)))))
      const keys = async (expression: string, values: Attributes) => {
        const KeyConditionExpression = `pk = :pk AND ${expression}`
        const more = { KeyConditionExpression, ExpressionAttributeValues: { ...values } }
        return sortKeys((await query(pk, more)).Items)?.map(Number)
      }

      expect(await keys('sk >= :a', { ':a': { S: segmentKey(10) } })).toEqual(numbers.slice(4))
      expect(await keys('sk > :a', { ':a': { S: segmentKey(10) } })).toEqual(numbers.slice(5))
      const both = { ':a': { S: segmentKey(9) }, ':b': { S: segmentKey(99) } }
      expect(await keys('sk BETWEEN :a AND :b', both)).toEqual([9, 10, 11, 99])
    })

    test('give a megabyte at a time, and what is appended between two pages stands at the end (a load in memory is one step)', async () => {
      const pk = freshName('pages')
      const item = (n: number) => ({
        ...key(pk, segmentKey(n)),
        text: { S: denseText(300_000, n) },
      })
      await Promise.all(upTo(8).map((n) => put(item(n))))

      const first = await query(pk)
      expect(first.LastEvaluatedKey).toEqual(key(pk, segmentKey((first.Items?.length ?? 0) - 1)))
      expect(first.Items?.length).toBeLessThan(8)
      await put(item(8))
      const read = [...(first.Items ?? [])]
      for (let last = first.LastEvaluatedKey; last !== undefined; ) {
        const page = await query(pk, { ExclusiveStartKey: last })
        read.push(...(page.Items ?? []))
        last = page.LastEvaluatedKey
      }
      expect(sortKeys(read)).toEqual(upTo(9).map(segmentKey))
    })

    test('say that there may be more when a limit is reached, even where there is not', async () => {
      const pk = freshName('limit')
      await Promise.all(upTo(3).map((n) => put(key(pk, segmentKey(n)))))
      const { Items, LastEvaluatedKey = {} } = await query(pk, { Limit: 3 })
      expect(Items).toHaveLength(3)

      const rest = await query(pk, { ExclusiveStartKey: LastEvaluatedKey })
      expect([rest.Items, rest.LastEvaluatedKey]).toEqual([[], undefined])
    })
  })

  describe('time to live and size', () => {
    test('what has expired stands there until it is removed, and is in the way (in memory: until `erase`)', async () => {
      const look = async () => {
        const pk = freshName('expired')
        const minuteAgo = String(Math.floor(Date.now() / 1_000) - 60)
        const item = { ...key(pk, '0'), ttl: { N: minuteAgo } }
        await put(item)
        const { won } = await outcomeOf(put(item))
        const stands = isDeepStrictEqual(await read(pk, '0'), item)
        return { won, stands, codes: await batch([item]) }
      }
      // DynamoDB Local removes every ten seconds: it may do so meanwhile, but hardly twice.
      const looks = [await look(), await look(), await look()]
      expect(looks).toContainEqual({ won: false, stands: true, codes: ['DuplicateItem'] })
    })

    test('an item has 400 KB at most, as itemBytes counts them (a value in memory has no size)', async () => {
      const pk = freshName('size')
      const item = (sk: string, length: number) => ({
        ...key(pk, sk),
        n: { N: '1234567' },
        text: { S: 'x'.repeat(length) },
      })
      const most = maxItemBytes - itemBytes(item('0', 0))

      await put(item('0', most))
      expect(await outcomeOf(put(item('1', most + 1)))).toMatchObject({
        name: 'ValidationException',
      })
      expect(sortKeys((await query(pk)).Items)).toEqual(['0'])
    })

    test('a partition key has 2,048 bytes at most, a sort key 1,024', async () => {
      const pk = freshName('keys').padEnd(2_048, 'p')
      await put(key(pk, 's'.repeat(1_024)))

      const longer = [key(`${pk}p`, 's'), key(pk, 's'.repeat(1_025))]
      for (const item of longer) {
        expect(await outcomeOf(put(item))).toMatchObject({ name: 'ValidationException' })
      }
    })
  })
})
