import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { InvocationControl } from '@fermata/orchestrator/ports'
import { describe, expect, it } from 'vitest'
import { refuse, setUp } from './set-up.ts'

const id = `checkout.${'a'.repeat(26)}` as InvocationId

/** Control that writes down what it was asked for. */
function recording() {
  const calls: unknown[] = []
  const note =
    (name: keyof InvocationControl) =>
    async (...args: readonly unknown[]) =>
      void calls.push([name, ...args])
  const restart: InvocationControl['restart'] = async (which, options) => {
    calls.push(['restart', which, options])
    return { invocationId: id, status: 'accepted', from: options.from ?? 0 }
  }
  const admin = {
    cancel: note('cancel'),
    kill: note('kill'),
    pause: note('pause'),
    resume: note('resume'),
    purge: note('purge'),
    restart,
  }
  return { admin, calls }
}

describe('the control of invocations over HTTP', () => {
  it.each(['cancel', 'kill', 'pause'] as const)(
    'takes a %s with a reason, or without',
    async (act) => {
      const { admin: control, calls } = recording()
      const { admin } = await setUp({ admin: control })
      const answer = await admin('POST', `/invocations/${id}/${act}`, { reason: 'too late' })
      expect(answer).toMatchObject({ status: 202, json: { invocationId: id } })
      expect((await admin('POST', `/invocations/${id}/${act}`)).status).toBe(202)
      expect(calls).toEqual([
        [act, id, 'too late'],
        [act, id, undefined],
      ])
    },
  )

  it('resumes, on another deployment where that is given', async () => {
    const { admin: control, calls } = recording()
    const { admin } = await setUp({ admin: control })
    await admin('POST', `/invocations/${id}/resume`)
    await admin('POST', `/invocations/${id}/resume`, { deployment: 'dp_2' })
    expect(calls).toEqual([
      ['resume', id, { deployment: undefined }],
      ['resume', id, { deployment: 'dp_2' }],
    ])
  })

  it('restarts, from an op where that is given', async () => {
    const { admin: control, calls } = recording()
    const { admin } = await setUp({ admin: control })
    const answer = await admin('POST', `/invocations/${id}/restart`, { from: 3 })
    expect(answer).toMatchObject({ status: 202, json: { invocationId: id, from: 3 } })
    await admin('POST', `/invocations/${id}/restart`)
    const idempotencyKey = undefined
    expect(calls).toEqual([
      ['restart', id, { from: 3, idempotencyKey }],
      ['restart', id, { from: undefined, idempotencyKey }],
    ])
  })

  it('purges', async () => {
    const { admin: control, calls } = recording()
    const { admin } = await setUp({ admin: control })
    expect((await admin('DELETE', `/invocations/${id}`)).status).toBe(204)
    expect(calls).toEqual([['purge', id]])
  })

  it.each([
    ['cancel', { reason: 7 }],
    ['cancel', { reasons: 'x' }],
    ['kill', { because: 'x' }],
    ['resume', { deployment: 1 }],
    ['restart', { from: -1 }],
    ['restart', { from: 1.5 }],
    ['restart', { from: '1' }],
  ])('refuses %s with %j', async (act, body) => {
    const { admin } = await setUp()
    expect(await admin('POST', `/invocations/${id}/${act}`, body)).toMatchObject({
      status: 400,
      json: { code: 'bad-request' },
    })
  })

  it('says why it cannot', async () => {
    const { admin } = await setUp({ admin: { cancel: refuse('invocation-closed', 'it ended') } })
    expect(await admin('POST', `/invocations/${id}/cancel`)).toMatchObject({
      status: 409,
      json: { code: 'invocation-closed', detail: 'it ended' },
    })
    expect(await admin('POST', '/invocations/nonsense/cancel')).toMatchObject({ status: 400 })
  })
})
