import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import {
  encodeSegmentItem,
  itemBytes,
  segmentItemKey,
  writeUnits,
} from '@fermata/lambda-runtime/table'
import type { WriteUnits } from '@fermata/orchestrator/adapters/dynamodb/dynamo-table'
import type { AgendaEntry } from '@fermata/orchestrator/ports'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startDynalite } from '../../support/real-parts/dynalite.ts'
import { startDynamoDbLocal } from '../../support/real-parts/dynamodb-local.ts'
import { requirePart } from '../../support/real-parts/require-part.ts'
import type { RunningStore } from '../../support/real-parts/running-store.ts'
import { createDynamoUnderTest, type DynamoUnderTest, region } from './dynamo-under-test.ts'
import { bulky, denseText, freshInvocation, hourMs, inAnHour, segmentOf } from './harness.ts'

const servers = {
  dynalite: { start: () => startDynalite({ process: 'child' }), batching: false },
  'dynamodb-local': { start: startDynamoDbLocal, batching: true },
} as const

for (const [part, { start, batching }] of Object.entries(servers)) {
  requirePart(part as keyof typeof servers)(`what writes cost on ${part}`, () => {
    let server: RunningStore
    let stores: DynamoUnderTest
    let client: DynamoDBClient
    const written: WriteUnits[] = []
    beforeAll(async () => {
      server = await start()
      const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
      client = new DynamoDBClient({ endpoint: server.endpoint, region, credentials })
      stores = createDynamoUnderTest(server.endpoint, {
        onWriteUnits: (units) => written.push(units),
      })
      await stores.ensureTable({ create: true })
    })
    beforeEach(() => {
      written.length = 0
    })
    afterAll(async () => {
      await stores.close()
      client.destroy()
      await server.stop()
    })

    const sum = (family: WriteUnits['family']) =>
      written.filter((w) => w.family === family).reduce((total, { units }) => total + units, 0)

    async function ttlOf(id: InvocationId, n: number): Promise<number> {
      const Key = { ...segmentItemKey(id, n) }
      const { Item } = await client.send(new GetItemCommand({ TableName: 'fermata', Key }))
      return Number(Item?.['ttl']?.N)
    }

    test('finds out whether the server has PartiQL batches', async () => {
      expect(await stores.detectBatching()).toBe(batching)
    })

    test('one unit for a segment of up to 1 KB of entries', async () => {
      await stores.journals.append(freshInvocation(), segmentOf(0, {}), inAnHour(stores))
      const kilobyte = segmentOf(0, { entries: [bulky(915)] })
      const { length } = JSON.stringify(kilobyte.entries)
      expect([length > 1_000, length <= 1_024]).toEqual([true, true])
      await stores.journals.append(freshInvocation(), kilobyte, inAnHour(stores))

      expect(written).toEqual([
        { family: 'journal', units: 1, operation: 'PutItem' },
        { family: 'journal', units: 1, operation: 'PutItem' },
      ])
    })

    test('what the codec computes, at every size', async () => {
      const id = freshInvocation()
      const expected: number[] = []
      for (const [n, length] of [10, 900, 1_800, 5_000, 30_000, 250_000].entries()) {
        const segment = segmentOf(n, { entries: [bulky(length)] })
        await stores.journals.append(id, segment, inAnHour(stores))
        expected.push(writeUnits(itemBytes(encodeSegmentItem(id, segment, inAnHour(stores)))))
      }

      expect(written.map(({ units }) => units)).toEqual(expected)
      expect(expected.at(-1)).toBeGreaterThan(100)
    })

    test('one unit for each of a hundred segments appended at once', async () => {
      const ids = Array.from({ length: 100 }, () => freshInvocation())
      await Promise.all(ids.map((id) => stores.journals.append(id, segmentOf(0), inAnHour(stores))))

      const operation = batching ? 'BatchExecuteStatement' : 'PutItem'
      expect(written).toEqual(Array(100).fill({ family: 'journal', units: 1, operation }))
    })

    test('a refused append as much as a stored one', async () => {
      const expires = inAnHour(stores)
      const entries = [bulky(5_000)]
      const standing = segmentOf(0, { writer: 'first', entries })
      const ids = Array.from({ length: 3 }, () => freshInvocation())
      for (const id of ids) await stores.journals.append(id, standing, expires)
      const [first = freshInvocation()] = ids
      const units = writeUnits(itemBytes(encodeSegmentItem(first, standing, expires)))
      expect(units).toBeGreaterThan(1)
      written.length = 0
      const late = segmentOf(0, { writer: 'other', entries })
      const append = (id: InvocationId) => stores.journals.append(id, late, expires)

      expect((await append(first)).kind).toBe('conflict')
      expect(written).toEqual([{ family: 'journal', units, operation: 'PutItem' }])
      await Promise.all(ids.map(append))
      expect(written.slice(1).map((each) => each.units)).toEqual([units, units, units])
    })

    test('a unit for a refused record, too', async () => {
      const record = { replica: 'refused', rev: 1, startedAt: 1 }
      await stores.leases.putReplica(record, undefined)
      written.length = 0

      expect(await stores.leases.putReplica(record, undefined)).toBe(false)
      expect(await stores.leases.removeReplica('refused', 7)).toBe(false)
      expect(written).toEqual([
        { family: 'lease', units: 1, operation: 'PutItem' },
        { family: 'lease', units: 1, operation: 'DeleteItem' },
      ])
    })

    test('at most a tenth of a unit per agenda entry in a well-filled flush', async () => {
      const entries = Array.from(
        { length: 200 },
        (_, i): AgendaEntry => ({
          subject: `i:orders.${denseText(26, i + 1)}`,
          dueAt: stores.clock.now() + i,
          kind: 'watch',
        }),
      )
      const item = { shard: 9_001, key: '000001800000000#r1', entries }
      await stores.agenda.put(item, inAnHour(stores))

      expect(sum('agenda')).toBeGreaterThan(0)
      expect(sum('agenda') / entries.length).toBeLessThanOrEqual(0.1)
      expect(sum('journal')).toBe(0)
    })

    test('by family, also where a batch mixes them', async () => {
      const entries: AgendaEntry[] = [{ subject: 'i:a', dueAt: 1, kind: 'timer' }]
      await Promise.all([
        ...[0, 1, 2].map(() =>
          stores.journals.append(freshInvocation(), segmentOf(0), inAnHour(stores)),
        ),
        stores.agenda.put({ shard: 9_002, key: '000001800000000#r1', entries }, inAnHour(stores)),
        stores.leases.putReplica({ replica: 'r', rev: 1, startedAt: 1 }, undefined),
        stores.registry.put('deployments', 'd', { a: 1 }, undefined),
      ])

      expect([sum('journal'), sum('agenda'), sum('lease'), sum('registry')]).toEqual([3, 1, 1, 1])
    })

    test('one unit per segment for a restamp, which keeps segment 0 the first to go', async () => {
      const id = freshInvocation()
      for (const n of [0, 1, 2]) {
        await stores.journals.append(id, segmentOf(n), inAnHour(stores))
      }
      const before = await ttlOf(id, 0)
      written.length = 0
      await stores.journals.restamp(id, 'life-1', 3, inAnHour(stores) + hourMs)

      expect(written).toEqual(
        Array(3).fill({ family: 'journal', units: 1, operation: 'UpdateItem' }),
      )
      const [zero, one, two] = await Promise.all([0, 1, 2].map((n) => ttlOf(id, n)))
      expect(zero).toBe(before + hourMs / 1_000)
      expect(one).toBeGreaterThan(zero ?? 0)
      expect(two).toBe(one)

      await stores.journals.restamp(id, 'life-1', 3, inAnHour(stores))
      expect(await Promise.all([0, 1, 2].map((n) => ttlOf(id, n)))).toEqual([zero, one, two])
    })
  })
}
