import type { InvokeRequest } from '@fermata/lambda-runtime/protocol'
import { createTableJournal, type TableJournalOptions } from '@fermata/lambda-runtime/table'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startDynalite } from '../../support/real-parts/dynalite.ts'
import { startDynamoDbLocal } from '../../support/real-parts/dynamodb-local.ts'
import { requirePart } from '../../support/real-parts/require-part.ts'
import type { RunningStore } from '../../support/real-parts/running-store.ts'
import {
  createDynamoUnderTest,
  type DynamoUnderTest,
  handlerEnvironment,
  region,
} from './dynamo-under-test.ts'
import { type FaultyProxy, startFaultyProxy } from './faulty-proxy.ts'
import { createdEntry, freshInvocation, freshName, hourMs, inAnHour, segmentOf } from './harness.ts'

const lost = { kind: 'lose-answer' } as const
const refused = { kind: 'refuse', status: 500, code: 'InternalServerError' } as const
const throttled = { kind: 'refuse', status: 400, code: 'ThrottlingException' } as const

const servers = {
  dynalite: () => startDynalite({ process: 'child' }),
  'dynamodb-local': startDynamoDbLocal,
} as const

for (const [part, start] of Object.entries(servers)) {
  requirePart(part as keyof typeof servers)(`behind a faulty network: ${part}`, () => {
    let server: RunningStore
    let proxy: FaultyProxy
    let stores: DynamoUnderTest
    beforeAll(async () => {
      server = await start()
      proxy = await startFaultyProxy(server.endpoint)
      stores = createDynamoUnderTest(proxy.endpoint)
      await stores.ensureTable({ create: true })
      await stores.detectBatching()
    })
    beforeEach(() => proxy.reset())
    afterAll(async () => {
      await stores.close()
      await proxy.stop()
      await server.stop()
    })

    const operations = () => proxy.requests.map(({ operation }) => operation)

    async function attempt(options: TableJournalOptions = {}) {
      const id = freshInvocation()
      const first = segmentOf(0, { entries: [createdEntry(hourMs)] })
      await stores.journals.append(id, first, inAnHour(stores))
      proxy.requests.length = 0
      const request: InvokeRequest = {
        protocol: 1,
        kind: 'invoke',
        invocation: id,
        target: { service: 'orders', handler: 'process' },
        epoch: 1,
        attempt: 1,
        journal: [{ ...first, entries: [...first.entries] }],
        expires: inAnHour(stores),
        channel: { kind: 'dynamodb', table: 'fermata', region, endpoint: proxy.endpoint },
      }
      const environment = () => handlerEnvironment
      return { id, request, journal: createTableJournal(request, { environment, ...options }) }
    }
    const mine = (n: number) => segmentOf(n, { by: 'handler', writer: 'handler-1' })

    describe('the orchestrator', () => {
      test('counts a segment as appended when only the answer was lost', async () => {
        const id = freshInvocation()
        proxy.fault('PutItem', lost)

        const answer = await stores.journals.append(id, segmentOf(0), inAnHour(stores))

        expect(answer).toEqual({ kind: 'appended' })
        const puts = operations().filter((operation) => operation === 'PutItem')
        expect(puts.length).toBeGreaterThan(1)
      })

      test('counts every segment of a batch right when its answer was lost', async () => {
        const ids = Array.from({ length: 30 }, () => freshInvocation())
        const [taken] = ids
        if (taken === undefined) throw new Error('there are ids')
        await stores.journals.append(taken, segmentOf(0, { writer: 'first' }), inAnHour(stores))
        proxy.fault('BatchExecuteStatement', lost)
        proxy.fault('PutItem', lost)

        const answers = await Promise.all(
          ids.map((id) => stores.journals.append(id, segmentOf(0), inAnHour(stores))),
        )

        expect(answers.map(({ kind }) => kind)).toEqual(['conflict', ...Array(29).fill('appended')])
      })

      test('goes on after throttling and errors of the server', async () => {
        proxy.fault('PutItem', throttled, refused)

        expect(
          await stores.journals.append(freshInvocation(), segmentOf(0), inAnHour(stores)),
        ).toEqual({ kind: 'appended' })
      })

      test('does not take its own heartbeat for a lost lease', async () => {
        const record = { replica: freshName('replica'), rev: 1, startedAt: 1 }
        proxy.fault('PutItem', lost, lost)

        expect(await stores.leases.putReplica(record, undefined)).toBe(true)
        expect(await stores.leases.putReplica({ ...record, rev: 2 }, 1)).toBe(true)
        expect(await stores.leases.putReplica({ ...record, rev: 2 }, 1)).toBe(false)
      })

      test('knows a removal whose answer was lost for its own', async () => {
        const record = { replica: freshName('replica'), rev: 1, startedAt: 1 }
        await stores.leases.putReplica(record, undefined)
        proxy.fault('DeleteItem', lost)

        expect(await stores.leases.removeReplica(record.replica, 1)).toBe(true)
        expect(await stores.leases.removeReplica(record.replica, 1)).toBe(false)
      })

      test('keeps an agenda item whose answer was lost once', async () => {
        const shard = 9_000
        const key = `${freshName('000001800000000')}#r1`
        const item = { shard, key, entries: [{ subject: 'i:a', dueAt: 5, kind: 'watch' }] } as const
        proxy.fault('PutItem', lost)
        await stores.agenda.put(item, inAnHour(stores))

        expect(await stores.agenda.list(shard, '', '1', 10)).toEqual([item])
      })

      test('says that the table cannot be reached when nothing helps', async () => {
        proxy.fault('PutItem', ...Array(5).fill(refused))

        await expect(
          stores.journals.append(freshInvocation(), segmentOf(0), inAnHour(stores)),
        ).rejects.toMatchObject({ code: 'store-unreachable', status: 503 })
      })
    })

    describe('a handler', () => {
      test('opens no connection before its first append', async () => {
        const { journal } = await attempt()
        expect(operations()).toEqual([])

        await journal.append(mine(1))
        expect(operations()).toEqual(['PutItem'])
      })

      test('counts a segment as appended when only the answer was lost', async () => {
        const { id, journal } = await attempt()
        proxy.fault('PutItem', lost)

        expect(await journal.append(mine(1))).toBe('appended')
        expect((await stores.journals.load(id)).segments[1]).toEqual(mine(1))
      })

      test('learns that it lost, whether or not the answer was', async () => {
        const { id, journal } = await attempt()
        const news = segmentOf(1, { writer: 'news' })
        await stores.journals.append(id, news, inAnHour(stores))
        proxy.fault('PutItem', lost)

        expect(await journal.append(mine(1))).toBe('conflict')
        expect(await journal.tail(1)).toEqual([news])
      })

      test('tries again after throttling, a failure of the server and a lost read', async () => {
        const { journal } = await attempt()
        proxy.fault('PutItem', throttled, refused)
        proxy.fault('Query', lost, refused)

        expect(await journal.append(mine(1))).toBe('appended')
        expect(await journal.tail(1)).toEqual([mine(1)])
      })

      test('gives up with what the table said', async () => {
        const { journal } = await attempt({ maxTries: 2 })
        proxy.fault('PutItem', refused, throttled)

        await expect(journal.append(mine(1))).rejects.toMatchObject({
          name: 'TableError',
          code: 'ThrottlingException',
        })
      })

      test('does not repeat what the table will never take', async () => {
        const { journal } = await attempt()
        proxy.fault('PutItem', { kind: 'refuse', status: 400, code: 'AccessDeniedException' })

        await expect(journal.append(mine(1))).rejects.toMatchObject({
          code: 'AccessDeniedException',
        })
        expect(operations()).toEqual(['PutItem'])
      })

      test('signs each call with the credentials of that moment', async () => {
        let round = 0
        const environment = () => ({
          AWS_ACCESS_KEY_ID: `KEY${++round}`,
          AWS_SECRET_ACCESS_KEY: 'secret',
          AWS_SESSION_TOKEN: `token-${round}`,
        })
        const { journal } = await attempt({ environment })
        await journal.append(mine(1))
        await journal.tail(1)

        const [put, query] = proxy.requests
        expect(put?.headers['authorization']).toMatch(
          /^AWS4-HMAC-SHA256 Credential=KEY1\/\d{8}\/eu-west-1\/dynamodb\/aws4_request, SignedHeaders=/,
        )
        expect(put?.headers['x-amz-security-token']).toBe('token-1')
        expect(query?.headers['authorization']).toContain('Credential=KEY2/')
      })

      test('says what to do when it has no credentials', async () => {
        const { journal } = await attempt({ environment: () => ({}) })

        await expect(journal.append(mine(1))).rejects.toMatchObject({ code: 'credentials-missing' })
      })

      test('stops when its journal has expired and begun anew', async () => {
        const { id, journal } = await attempt()
        stores.clock.advance(2 * hourMs)
        for (const n of [0, 1]) {
          const next = segmentOf(n, { born: 'life-2', writer: `next-${n}` })
          await stores.journals.append(id, next, inAnHour(stores))
        }

        await expect(journal.append(mine(1))).rejects.toMatchObject({ code: 'journal-expired' })
        expect((await stores.journals.load(id)).segments.map(({ born }) => born)).toEqual([
          'life-2',
          'life-2',
        ])
      })
    })
  })
}
