import { deriveInvocationId, type Segment } from '@fermata/lambda-runtime/protocol'
import { deadRecordName } from '@fermata/orchestrator/domain/subscriptions/dead-record'
import type { Admin, InvocationView } from '@fermata/orchestrator/ports'
import { describe, expect, it } from 'vitest'
import { refuse, setUp } from './set-up.ts'

const id = deriveInvocationId('checkout', ['1'])
const arn = 'arn:aws:lambda:eu-west-1:123456789012:function:orders:7'
const deployment = { id: 'd1', address: arn, createdAt: 1, services: ['checkout'], sdk: '0.1.0' }

describe('the admin API', () => {
  it('says that it is healthy, ready, and which version it is', async () => {
    const { admin } = await setUp()
    expect(await admin('GET', '/health')).toMatchObject({ status: 200, json: { ok: true } })
    expect(await admin('GET', '/ready')).toMatchObject({ status: 200, json: { ready: true } })
    expect(await admin('GET', '/version')).toMatchObject({
      status: 200,
      json: { version: '1.2.3', protocol: 1 },
    })
    expect(await admin('HEAD', '/health')).toMatchObject({ status: 200, text: '' })
  })

  it('says why it is not', async () => {
    const { admin } = await setUp({
      admin: {
        health: () => ({ ok: false }),
        ready: () => ({ ready: false, reasons: ['no shards yet', 'no deployments'] }),
      },
    })
    expect(await admin('GET', '/health')).toMatchObject({ status: 503, json: { ok: false } })
    expect(await admin('GET', '/ready')).toMatchObject({
      status: 503,
      json: {
        code: 'not-ready',
        detail: 'no shards yet; no deployments',
        reasons: ['no shards yet', 'no deployments'],
      },
    })
  })

  it('registers, lists and removes deployments', async () => {
    const calls: unknown[] = []
    const { admin } = await setUp({
      admin: {
        register: async (address) => {
          calls.push(address)
          return deployment
        },
        deployments: async () => [deployment],
        removeDeployment: async (which) => void calls.push(which),
      },
    })
    expect(await admin('POST', '/deployments', { arn })).toMatchObject({
      status: 201,
      json: deployment,
    })
    expect(await admin('GET', '/deployments')).toMatchObject({
      status: 200,
      json: { deployments: [deployment] },
    })
    const path = `/deployments/${encodeURIComponent(arn)}`
    expect(await admin('DELETE', path)).toMatchObject({ status: 204, text: '' })
    expect(calls).toEqual([arn, arn])
  })

  it.each([
    [undefined, [{ path: '(whole)', message: expect.stringContaining('expected either') }]],
    [
      { arn: 3, name: 'x', url: 'localhost' },
      [
        { path: 'arn', message: expect.stringContaining('Expected string') },
        { path: 'url', message: expect.stringContaining('http') },
        { path: 'name', message: 'there is no such field' },
      ],
    ],
  ])('tells all that is wrong with the deployment %o', async (body, mistakes) => {
    const { admin } = await setUp()
    expect(await admin('POST', '/deployments', body)).toMatchObject({
      status: 400,
      json: { code: 'bad-request', mistakes },
    })
  })

  it('passes on why a deployment was refused', async () => {
    const { admin } = await setUp({
      admin: { register: refuse('deployment-unreachable', 'no permission') },
    })
    expect(await admin('POST', '/deployments', { arn })).toMatchObject({
      status: 502,
      json: { code: 'deployment-unreachable', detail: 'no permission' },
    })
  })

  it('makes, lists and ends subscriptions', async () => {
    const calls: unknown[] = []
    const spec = { name: 'orders', source: 'kafka://main/orders', sink: 'checkout/process' }
    const view = { ...spec, status: { kind: 'running' as const } }
    const { admin } = await setUp({
      admin: {
        subscribe: async (it) => {
          calls.push(it)
          return view
        },
        subscriptions: async () => [view],
        unsubscribe: async (name) => void calls.push(name),
      },
    })
    const options = { startFrom: 'latest', limits: { running: 5 } }
    expect(await admin('POST', '/subscriptions', spec)).toMatchObject({ status: 201, json: view })
    await admin('POST', '/subscriptions', { ...spec, options })
    expect(await admin('GET', '/subscriptions')).toMatchObject({ json: { subscriptions: [view] } })
    expect(await admin('DELETE', '/subscriptions/orders')).toMatchObject({ status: 204 })
    expect(calls).toEqual([spec, { ...spec, options }, 'orders'])
  })

  it('tells all that is wrong with a subscription', async () => {
    const { admin } = await setUp()
    const body = {
      name: '',
      source: 'orders',
      sink: 'checkout',
      options: { startFrom: 'middle', onFailure: {}, limit: 1 },
    }
    const answer = await admin('POST', '/subscriptions', body)
    expect(answer).toMatchObject({ status: 422, json: { code: 'subscription-invalid' } })
    const { mistakes } = answer.json as { mistakes: { path: string }[] }
    expect(mistakes.map(({ path }) => path)).toEqual([
      'name',
      'source',
      'sink',
      'options.startFrom',
      'options.onFailure',
      'options.limit',
    ])
  })

  it('lists dead records, by subscription and page by page', async () => {
    const calls: unknown[] = []
    const { admin } = await setUp({
      admin: {
        dead: async (...args) => {
          calls.push(args)
          return []
        },
      },
    })
    expect(await admin('GET', '/dead')).toMatchObject({ status: 200, json: { dead: [] } })
    await admin('GET', '/dead?subscription=orders&after=x%2F1&limit=7')
    expect(calls).toEqual([
      [undefined, '', 100],
      ['orders', 'x/1', 7],
    ])
    for (const limit of ['0', '1001', 'many', '-1', '1.5']) {
      expect(await admin('GET', `/dead?limit=${limit}`)).toMatchObject({
        status: 400,
        json: { mistakes: [{ path: 'limit', message: 'expected a number from 1 to 1000' }] },
      })
    }
  })

  it('says where the next page of dead records begins, until there is none', async () => {
    const record = {
      subscription: 'orders',
      topic: 'orders',
      partition: 1,
      offset: '7',
      timestamp: 1,
      failure: { code: 'record-undecodable', message: 'no JSON' },
      key: undefined,
      value: undefined,
    }
    const { admin } = await setUp({ admin: { dead: async () => [record] } })
    expect(await admin('GET', '/dead?limit=1')).toMatchObject({
      json: { dead: [{ offset: '7' }], next: deadRecordName('orders', record) },
    })
    const { json } = await admin('GET', '/dead?limit=2')
    expect(json).not.toHaveProperty('next')
  })

  it('shows an invocation and its journal, and ends its pause', async () => {
    const view: InvocationView = {
      id,
      target: { service: 'checkout', handler: 'process' },
      status: 'paused',
      origin: { kind: 'http' },
      createdAt: 1,
      updatedAt: 2,
      deployment: 'd1',
      attempts: 1,
      ops: 0,
      segments: 1,
      failure: { code: 'terminal', message: 'no' },
      nextTryAt: undefined,
      waits: [],
      cancelling: false,
      restartOf: undefined,
    }
    const segment: Segment = {
      protocol: 1,
      n: 0,
      born: 'b',
      epoch: 0,
      by: 'orchestrator',
      writer: 'w',
      at: 1,
      entries: [],
    }
    const resumed: string[] = []
    const double: Partial<Admin> = {
      invocation: async () => view,
      journal: async () => [segment],
      resume: async (which) => void resumed.push(which),
    }
    const { admin } = await setUp({ admin: double })
    expect(await admin('GET', `/invocations/${id}`)).toMatchObject({
      status: 200,
      json: { id, status: 'paused', failure: { message: 'no' } },
    })
    expect(await admin('GET', `/invocations/${id}/journal`)).toMatchObject({
      status: 200,
      json: { segments: [segment] },
    })
    expect(await admin('POST', `/invocations/${id}/resume`)).toMatchObject({
      status: 202,
      json: { invocationId: id },
    })
    expect(resumed).toEqual([id])
  })

  it.each([
    ['GET', '/nothing', 404, 'not-found'],
    ['PATCH', '/deployments', 405, 'method-not-allowed'],
    ['GET', '/invocations/nonsense', 400, 'bad-invocation-id'],
    ['GET', '/invocations/%zz', 400, 'bad-request'],
  ])('answers %s %s with a problem', async (method, path, status, code) => {
    const { admin } = await setUp()
    const answer = await admin(method, path)
    expect(answer).toMatchObject({ status, json: { code, status } })
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/)
  })

  it('refuses a body that is not JSON', async () => {
    const { adminUrl } = await setUp()
    const response = await fetch(`${adminUrl}/deployments`, { method: 'POST', body: '{' })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'bad-request' })
  })
})
