import { deriveInvocationId } from '@fermata/lambda-runtime/protocol'
import type { InvocationQuery, ServiceView } from '@fermata/orchestrator/ports'
import { describe, expect, it } from 'vitest'
import { setUp } from './set-up.ts'

const retry = {
  initialDelayMs: 100,
  factor: 2,
  maxDelayMs: 60_000,
  maxAttempts: 20,
  maxDurationMs: Number.POSITIVE_INFINITY,
  jitter: 0.2,
  onExhaustion: 'pause',
} as const

const shop: ServiceView = {
  name: 'shop',
  kind: 'service',
  overrides: { rate: { limit: 5, perMs: 1_000 } },
  handlers: [
    {
      name: 'buy',
      mode: 'stateless',
      deployment: 'dp_1',
      policy: {
        retry,
        timeoutMs: 900_000,
        retentionMs: 1_000,
        private: false,
        rate: { limit: 5, perMs: 1_000, burst: 5 },
      },
      overrides: { retry: { maxDurationMs: 9 } },
    },
  ],
}

const shown = {
  name: 'shop',
  kind: 'service',
  overrides: { rate: { limit: 5, per: 1_000 } },
  handlers: [
    {
      name: 'buy',
      mode: 'stateless',
      deployment: 'dp_1',
      policy: {
        retry: {
          maxAttempts: 20,
          initialDelay: 100,
          maxDelay: 60_000,
          factor: 2,
          onExhaustion: 'pause',
        },
        timeout: 900_000,
        retention: 1_000,
        rate: { limit: 5, per: 1_000, burst: 5 },
        private: false,
      },
      overrides: { retry: { maxDuration: 9 } },
    },
  ],
}

describe('services, over HTTP', () => {
  it('are shown with their policies by the names that they are set with', async () => {
    const { admin } = await setUp({
      admin: { services: async () => [shop], service: async () => shop },
    })
    expect((await admin('GET', '/services')).json).toEqual({ services: [shown] })
    expect((await admin('GET', '/services/shop')).json).toEqual(shown)
    expect(await admin('GET', '/services?all=1')).toMatchObject({ status: 400 })
  })

  it('get policies, as a whole or for a handler, durations as text or ms', async () => {
    const calls: unknown[] = []
    const { admin } = await setUp({
      admin: {
        setPolicy: async (target, patch) => {
          calls.push([target, patch])
          return shop
        },
      },
    })
    const document = {
      retry: { maxAttempts: 3, maxDuration: '1h', initialDelay: 5, maxDelay: null, factor: 1.5 },
      timeout: '20s',
      inactivityTimeout: '1m',
      retention: '1d',
      idempotencyRetention: null,
      concurrency: 10,
      rate: { limit: 5, per: '1s' },
      private: true,
    }
    expect(await admin('PATCH', '/services/shop', document)).toMatchObject({ status: 200 })
    await admin('PATCH', '/services/shop/handlers/buy', { rate: { limit: 1, per: 1, burst: 2 } })
    await admin('PATCH', '/services/shop/handlers/buy', null)
    expect(calls).toEqual([
      [
        { service: 'shop', handler: undefined },
        {
          retry: {
            maxAttempts: 3,
            maxDurationMs: 3_600_000,
            initialDelayMs: 5,
            maxDelayMs: null,
            factor: 1.5,
          },
          timeoutMs: 20_000,
          inactivityMs: 60_000,
          retentionMs: 86_400_000,
          idempotencyRetentionMs: null,
          concurrency: 10,
          rate: { limit: 5, perMs: 1_000 },
          private: true,
        },
      ],
      [{ service: 'shop', handler: 'buy' }, { rate: { limit: 1, perMs: 1, burst: 2 } }],
      [{ service: 'shop', handler: 'buy' }, null],
    ])
  })

  it('tell all that is wrong with a policy', async () => {
    const { admin } = await setUp()
    const answer = await admin('PATCH', '/services/shop', {
      retry: { maxAttempts: 0, factor: 0.5, onExhaustion: 'stop', jitter: 1 },
      timeout: 'soon',
      retention: 0,
      concurrency: 1.5,
      rate: { limit: 1 },
      private: 'yes',
      timeoutMs: 5,
    })
    expect(answer).toMatchObject({ status: 400, json: { code: 'bad-request' } })
    const { mistakes } = answer.json as { mistakes: { path: string }[] }
    expect(mistakes.map(({ path }) => path).toSorted()).toEqual([
      'concurrency',
      'private',
      'rate.per',
      'retention',
      'retry.factor',
      'retry.jitter',
      'retry.maxAttempts',
      'retry.onExhaustion',
      'timeout',
      'timeoutMs',
    ])
  })
})

describe('deployments, over HTTP', () => {
  it('are registered and removed by force only where it is asked for', async () => {
    const calls: unknown[] = []
    const view = { id: 'dp_1', address: 'a', createdAt: 1, services: ['shop'], sdk: 'x' }
    const { admin } = await setUp({
      admin: {
        register: async (...call) => {
          calls.push(call)
          return view
        },
        deployment: async () => view,
        removeDeployment: async (...call) => void calls.push(call),
      },
    })
    const arn = 'arn:aws:lambda:eu-west-1:123456789012:function:orders:7'
    await admin('POST', '/deployments', { arn })
    await admin('POST', '/deployments', { url: 'http://localhost:9080', force: true })
    expect(await admin('GET', '/deployments/dp_1')).toMatchObject({ status: 200, json: view })
    await admin('DELETE', '/deployments/dp_1')
    await admin('DELETE', '/deployments/dp_1?force=true')
    expect(calls).toEqual([
      [arn, { force: false, newest: false }],
      ['http://localhost:9080', { force: true, newest: false }],
      ['dp_1', { force: false }],
      ['dp_1', { force: true }],
    ])
  })

  it.each(['?force=1', '?forced=true'])('are not removed with %s', async (query) => {
    const { admin } = await setUp()
    expect(await admin('DELETE', `/deployments/dp_1${query}`)).toMatchObject({ status: 400 })
  })
})

describe('the list of invocations, over HTTP', () => {
  async function listing() {
    const calls: InvocationQuery[] = []
    const { admin } = await setUp({
      admin: {
        invocations: async (query) => {
          calls.push(query)
          return { invocations: [], next: query.after === undefined ? 'more' : undefined }
        },
      },
    })
    return { admin, calls }
  }

  it('is asked for by service, handler, key, status and time, page by page', async () => {
    const { admin, calls } = await listing()
    expect((await admin('GET', '/invocations')).json).toEqual({ invocations: [], next: 'more' })
    const query =
      'service=shop&handler=buy&key=a%20b&status=backing-off&since=2025-01-31T12:00:00Z&limit=5&after=more'
    expect((await admin('GET', `/invocations?${query}`)).json).toEqual({ invocations: [] })
    await admin('GET', '/invocations?since=1700000000000')
    expect(calls).toEqual([
      { limit: 100 },
      {
        service: 'shop',
        handler: 'buy',
        key: 'a b',
        status: 'backing-off',
        since: Date.UTC(2025, 0, 31, 12),
        limit: 5,
        after: 'more',
      },
      { limit: 100, since: 1_700_000_000_000 },
    ])
  })

  it('takes how long ago for a time', async () => {
    const { admin, calls } = await listing()
    const before = Date.now()
    await admin('GET', '/invocations?since=1h')
    const since = calls[0]?.since ?? 0
    expect(since).toBeGreaterThanOrEqual(before - 3_600_000)
    expect(since).toBeLessThanOrEqual(Date.now() - 3_600_000)
  })

  it('tells all that is wrong with a query, and is not taken for an invocation', async () => {
    const { admin } = await setUp()
    const answer = await admin('GET', '/invocations?since=soon&limit=0&status=open&id=1')
    expect(answer).toMatchObject({ status: 400, json: { code: 'bad-request' } })
    const { mistakes } = answer.json as { mistakes: { path: string }[] }
    expect(mistakes.map(({ path }) => path).toSorted()).toEqual(['id', 'limit', 'since', 'status'])
    expect(await admin('GET', `/invocations/${deriveInvocationId('shop', ['1'])}x`)).toMatchObject({
      status: 400,
    })
  })
})
