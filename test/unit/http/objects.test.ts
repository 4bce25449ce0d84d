import { FermataError } from '@fermata/orchestrator/domain/errors'
import type { ObjectRef, ObjectView, StateChange } from '@fermata/orchestrator/ports'
import { describe, expect, it } from 'vitest'
import { setUp } from './set-up.ts'

const view: ObjectView = {
  service: 'cart',
  key: 'ä/1',
  version: 3,
  holder: undefined,
  queued: 0,
  queue: [],
  next: undefined,
  state: [
    ['items', { json: ['tea'] }],
    ['since', { rich: '[["Date","2026-11-22"]]' }],
    ['photo', { bytes: 100_000 }],
    ['nothing', { void: true }],
  ],
}

describe('objects over HTTP', () => {
  it('are shown with their state and its version', async () => {
    const asked: unknown[] = []
    const object = async (ref: ObjectRef, page: unknown) => {
      asked.push(ref, page)
      return view
    }
    const { admin } = await setUp({ admin: { object } })
    const answer = await admin('GET', '/objects/cart/%C3%A4%2F1?from=4&limit=10')
    expect(answer).toMatchObject({
      status: 200,
      json: {
        key: 'ä/1',
        state: { items: ['tea'], nothing: null },
        rich: { since: '[["Date","2026-11-22"]]' },
        large: { photo: 100_000 },
      },
    })
    expect(answer.headers.get('etag')).toBe('"3"')
    expect(asked).toEqual([
      { service: 'cart', key: 'ä/1' },
      { from: 4, limit: 10 },
    ])
  })

  it.each([
    ['PATCH', false, null],
    ['PUT', true, { json: null }],
  ] as const)('have their state changed by %s', async (method, replace, none) => {
    const changes: StateChange[] = []
    const changeState = async (_ref: ObjectRef, change: StateChange) => {
      changes.push(change)
      return { status: 'applied', version: 4 } as const
    }
    const { adminUrl } = await setUp({ admin: { changeState } })
    const response = await fetch(`${adminUrl}/objects/cart/a/state`, {
      method,
      headers: { 'if-match': '"3"' },
      body: '{"items":["milk"],"total":null}',
    })
    expect(await response.json()).toEqual({ status: 'applied', version: 4 })
    expect(response.headers.get('etag')).toBe('"4"')
    expect(changes).toEqual([
      {
        replace,
        version: 3,
        values: [
          ['items', { json: ['milk'] }],
          ['total', none],
        ],
      },
    ])
  })

  it('answer 412 when the state has another version', async () => {
    const changeState = () =>
      Promise.reject(new FermataError('state-version-mismatch', 'it has version 4'))
    const { admin } = await setUp({ admin: { changeState } })
    const answer = await admin('PATCH', '/objects/cart/a/state', { a: 1 })
    expect(answer).toMatchObject({ status: 412, json: { code: 'state-version-mismatch' } })
  })

  it('answer 202 when the change waits for its turn', async () => {
    const changeState = async () => ({ status: 'queued', slot: 7 }) as const
    const { admin } = await setUp({ admin: { changeState } })
    const answer = await admin('PATCH', '/objects/cart/a/state', { a: 1 })
    expect(answer).toMatchObject({ status: 202, json: { status: 'queued', slot: 7 } })
  })

  it.each([
    ['PATCH', '/objects/cart/a/state', '[1]', {}, 400],
    ['PATCH', '/objects/cart/a/state', '', {}, 400],
    ['PATCH', '/objects/cart/a/state', '{}', { 'if-match': 'x' }, 400],
    ['GET', '/objects/cart/a?limit=0', undefined, {}, 400],
    ['GET', '/objects/ca rt/a', undefined, {}, 404],
  ])('refuse what makes no sense: %s %s %s', async (method, path, body, headers, status) => {
    const { adminUrl } = await setUp()
    const init = { method, headers, ...(body !== undefined && { body }) }
    expect((await fetch(`${adminUrl}${path}`, init)).status).toBe(status)
  })

  it('tell who waits for whom', async () => {
    const id = `cart.a.${'0'.repeat(26)}`
    const waits = async () => ({ invocations: [], waits: [], deadlock: undefined })
    const { admin } = await setUp({ admin: { waits } })
    const answer = await admin('GET', `/invocations/${id}/waits`)
    expect(answer).toMatchObject({ status: 200, json: { waits: [], deadlock: null } })
  })
})
