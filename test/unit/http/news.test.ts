import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { News } from '@fermata/orchestrator/ports'
import { describe, expect, it } from 'vitest'
import { refuse, setUp } from './set-up.ts'

const id = `checkout.${'a'.repeat(26)}` as InvocationId
const promise = '/workflows/signup/ada%2Fb/promises/email%20verified'
const ref = { workflow: 'signup', key: 'ada/b', name: 'email verified' }
const withKey = { 'idempotency-key': 'k1' }

function recording() {
  const calls: unknown[] = []
  const note =
    (name: keyof News) =>
    async (...args: readonly unknown[]) =>
      void calls.push([name, ...args])
  const ingress = {
    signal: note('signal'),
    heartbeat: note('heartbeat'),
    completePromise: note('completePromise'),
  }
  return { ingress, calls }
}

describe('signals over HTTP', () => {
  it('carry a value, and the id that counts once', async () => {
    const { ingress, calls } = recording()
    const { post } = await setUp({ ingress })
    expect((await post(`/invocations/${id}/signals/go`, '{"a":1}', withKey)).status).toBe(204)
    await post(`/invocations/${id}/signals/a%20b`)
    expect(calls).toEqual([
      ['signal', id, { name: 'go', value: { json: { a: 1 } }, signalId: 'k1' }],
      ['signal', id, { name: 'a b', value: { void: true }, signalId: undefined }],
    ])
  })

  it('are refused where they cannot be', async () => {
    const { post, get } = await setUp({ ingress: { signal: refuse('invocation-closed', 'over') } })
    expect((await post('/invocations/nonsense/signals/go')).status).toBe(400)
    expect((await post(`/invocations/${id}/signals/${'x'.repeat(600)}`)).status).toBe(400)
    expect((await post(`/invocations/${id}/signals/go?now=1`)).status).toBe(400)
    expect((await get(`/invocations/${id}/signals/go`)).status).toBe(405)
    expect(await post(`/invocations/${id}/signals/go`)).toMatchObject({
      status: 409,
      json: { code: 'invocation-closed' },
    })
  })
})

describe('a cancellation over HTTP', () => {
  it('is taken at the ingress, too', async () => {
    const calls: unknown[] = []
    const cancel: News['cancel'] = async (...of) => void calls.push(of)
    const { post } = await setUp({ ingress: { cancel } })
    const answer = await post(`/invocations/${id}/cancel`, '{"reason":"mine"}')
    expect(answer).toMatchObject({ status: 202, json: { invocationId: id } })
    expect(calls).toEqual([[id, 'mine']])
  })
})

describe('heartbeats over HTTP', () => {
  it('are for one awakeable', async () => {
    const { ingress, calls } = recording()
    const { post } = await setUp({ ingress })
    expect((await post(`/awakeables/${id}.3/heartbeat`)).status).toBe(204)
    expect(calls).toEqual([['heartbeat', `${id}.3`]])
  })
})

describe('durable promises over HTTP', () => {
  it('are resolved and rejected, again with the same key', async () => {
    const { ingress, calls } = recording()
    const { post } = await setUp({ ingress })
    expect((await post(`${promise}/resolve`, '7', withKey)).status).toBe(204)
    expect((await post(`${promise}/reject`, '{"message":"no"}')).status).toBe(204)
    const failure = { code: 'promise-rejected', message: 'no' }
    expect(calls).toEqual([
      ['completePromise', ref, { kind: 'value', value: { json: 7 } }, 'k1'],
      ['completePromise', ref, { kind: 'failure', failure }, undefined],
    ])
  })

  it('are looked at: a value, a failure, or nothing yet', async () => {
    const outcomes = [
      { kind: 'value', value: { json: 'yes' } } as const,
      { kind: 'failure', failure: { code: 'mine', message: 'no', status: 418 } } as const,
      undefined,
    ]
    const { get } = await setUp({ ingress: { peekPromise: async () => outcomes.shift() } })
    expect(await get(promise)).toMatchObject({ status: 200, json: 'yes' })
    expect(await get(promise)).toMatchObject({ status: 418, json: { code: 'mine' } })
    expect(await get(promise)).toMatchObject({ status: 202, json: { status: 'pending' } })
  })

  it('are refused where they cannot be', async () => {
    const { post } = await setUp({
      ingress: { completePromise: refuse('promise-completed', 'before') },
    })
    expect((await post('/workflows/9/ada/promises/a/resolve', '1')).status).toBe(400)
    expect((await post(`${promise}/reject`, '{}')).status).toBe(400)
    expect(await post(`${promise}/resolve`, '1')).toMatchObject({
      status: 409,
      json: { code: 'promise-completed' },
    })
  })
})
