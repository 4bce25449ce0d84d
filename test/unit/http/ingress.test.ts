import {
  bytesValue,
  deriveInvocationId,
  type Outcome,
  ProtocolError,
  type Value,
} from '@fermata/lambda-runtime/protocol'
import type { Ingress, Submission } from '@fermata/orchestrator/ports'
import { describe, expect, it } from 'vitest'
import { refuse, setUp } from './set-up.ts'

const id = deriveInvocationId('checkout', ['1'])

/** An ingress whose every invocation ends with `outcome` at once. */
function ending(outcome: Outcome, submissions: Submission[] = []): Partial<Ingress> {
  return {
    submit: async (submission) => {
      submissions.push(submission)
      return { invocationId: id, status: 'accepted' }
    },
    attach: async () => outcome,
    output: async () => outcome,
  }
}

const value = (it: Value): Outcome => ({ kind: 'value', value: it })

describe('a call over HTTP', () => {
  it('answers what the handler returned, as JSON, and tells its invocation', async () => {
    const submissions: Submission[] = []
    const { post } = await setUp({ ingress: ending(value({ json: { paid: true } }), submissions) })
    const answer = await post('/checkout/process', '{"sku":"a"}', { 'idempotency-key': 'k1' })
    expect(answer).toMatchObject({ status: 200, json: { paid: true } })
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
    expect(answer.headers.get('x-fermata-invocation-id')).toBe(id)
    expect(submissions).toMatchObject([
      {
        target: { service: 'checkout', handler: 'process' },
        input: { json: { sku: 'a' } },
        idempotencyKey: 'k1',
        delayMs: undefined,
      },
    ])
  })

  it.each([
    ['/cart/customer-1/add', 'customer-1'],
    ['/cart/K%C3%A4the%2F1%20%23/add', 'Käthe/1 #'],
    ['/cart/a/add/send', 'a'],
  ])('takes the key of an object from the path: %s', async (path, key) => {
    const submissions: Submission[] = []
    const { post } = await setUp({ ingress: ending(value({ json: 1 }), submissions) })
    await post(path, '1')
    expect(submissions).toMatchObject([{ target: { service: 'cart', handler: 'add', key } }])
  })

  it('refuses a key that is too long', async () => {
    const { post } = await setUp()
    const answer = await post(`/cart/${'k'.repeat(513)}/add`)
    expect(answer).toMatchObject({ status: 404, json: { code: 'handler-not-found' } })
  })

  it.each<[string, Value, number, string, string | null]>([
    ['a text', { json: 'yes' }, 200, '"yes"', 'application/json'],
    ['null', { json: null }, 200, 'null', 'application/json'],
    [
      'a rich value',
      { rich: '[["Date","2026-11-22"]]' },
      200,
      '[["Date","2026-11-22"]]',
      'application/vnd.fermata.rich+json',
    ],
    ['nothing', { void: true }, 204, '', null],
  ])('answers %s as it is', async (_what, output, status, text, type) => {
    const { post } = await setUp({ ingress: ending(value(output)) })
    const answer = await post('/checkout/process')
    expect(answer).toMatchObject({ status, text })
    expect(answer.headers.get('content-type')?.split(';')[0] ?? null).toBe(type)
  })

  it.each<[string, string | undefined, string, Value]>([
    ['nothing', undefined, '', { void: true }],
    ['white space', ' \n', '', { void: true }],
    ['JSON of any type', '[1]', 'text/plain', { json: [1] }],
    ['a rich value', '[1]', 'application/vnd.fermata.rich+json; charset=utf-8', { rich: '[1]' }],
  ])('takes %s as input', async (_what, body, type, input) => {
    const submissions: Submission[] = []
    const { post } = await setUp({ ingress: ending(value({ void: true }), submissions) })
    await post('/checkout/process', body, type === '' ? {} : { 'content-type': type })
    expect(submissions[0]?.input).toEqual(input)
  })

  it.each<[string, string, string | Uint8Array<ArrayBuffer>, string, Value]>([
    [
      'bytes',
      'image/png',
      new Uint8Array([255, 1]),
      'image/png',
      bytesValue(new Uint8Array([255, 1])),
    ],
    ['text', 'text/csv', 'a,b', 'text/csv; charset=utf-8', { json: 'a,b' }],
    [
      'text that is none',
      'text/csv',
      new Uint8Array([255]),
      'text/csv',
      bytesValue(new Uint8Array([255])),
    ],
    ['JSON all the same', 'image/png', '[1]', 'application/json', { json: [1] }],
  ])('takes %s for a handler that accepts %s', async (_what, accepts, body, type, input) => {
    const submissions: Submission[] = []
    const mediaOf = async () => ({ accepts })
    const ingress = { ...ending(value({ void: true }), submissions), mediaOf }
    const { post } = await setUp({ ingress })
    await post('/checkout/process', body, { 'content-type': type })
    expect(submissions[0]?.input).toEqual(input)
  })

  it.each<[Value, string, string]>([
    [bytesValue(new Uint8Array([104, 105])), 'image/png', 'hi'],
    [{ json: 'hi' }, 'image/png', 'hi'],
    [{ json: { a: 1 } }, 'application/json', '{"a":1}'],
  ])('answers %j as what its handler answers', async (output, type, text) => {
    const mediaOf = async () => ({ answers: 'image/png' })
    const { post, get } = await setUp({ ingress: { ...ending(value(output)), mediaOf } })
    for (const answer of [
      await post('/checkout/process'),
      await get(`/invocations/${id}/output`),
    ]) {
      expect(answer).toMatchObject({ status: 200, text })
      expect(answer.headers.get('content-type')?.split(';')[0]).toBe(type)
    }
  })

  it('tells a failure of the handler from a request that went wrong', async () => {
    const failure = { code: 'not-ready', message: 'no', status: 503 }
    const { post } = await setUp({ ingress: ending({ kind: 'failure', failure }) })
    expect((await post('/checkout/process')).headers.get('x-fermata-outcome')).toBe('failure')
    const refusing = await setUp({ ingress: { submit: refuse('not-ready', 'wait') } })
    const refused = await refusing.post('/checkout/process')
    expect(refused.headers.get('x-fermata-outcome')).toBeNull()
  })

  it('passes headers on, but not those of the connection, nor secrets', async () => {
    const submissions: Submission[] = []
    const { post } = await setUp({ ingress: ending(value({ void: true }), submissions) })
    await post('/checkout/process', '1', {
      'X-Tenant': 'acme',
      traceparent: '00-1-2-01',
      authorization: 'Bearer x',
      cookie: 'a=b',
      'idempotency-key': 'k',
    })
    const headers = submissions[0]?.headers ?? {}
    expect(headers).toMatchObject({ 'x-tenant': 'acme', traceparent: '00-1-2-01' })
    const names = [
      'authorization',
      'cookie',
      'host',
      'connection',
      'content-length',
      'idempotency-key',
    ]
    expect(names.filter((name) => name in headers)).toEqual([])
  })

  it('answers the failure of a handler with its own status, code and message', async () => {
    const failure = { code: 'out-of-stock', message: 'no more of a', status: 409, stack: 'secret' }
    const { post } = await setUp({ ingress: ending({ kind: 'failure', failure }) })
    const answer = await post('/checkout/process', '1')
    expect(answer).toMatchObject({ status: 409 })
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/)
    expect(answer.headers.get('x-fermata-invocation-id')).toBe(id)
    expect(answer.json).toEqual({
      type: 'about:blank',
      status: 409,
      code: 'out-of-stock',
      title: 'Conflict',
      detail: 'no more of a',
    })
  })

  it.each([undefined, 200, 99, 600, 404.5])(
    'answers 500 when the status of a failure is %s',
    async (status) => {
      const failure = { code: 'terminal', message: 'no', ...(status !== undefined && { status }) }
      const { post } = await setUp({ ingress: ending({ kind: 'failure', failure }) })
      expect(await post('/checkout/process')).toMatchObject({
        status: 500,
        json: { code: 'terminal', docs: 'docs/errors/terminal.md' },
      })
    },
  )
})

describe('a one-way call over HTTP', () => {
  it('answers 202 once it is durable', async () => {
    const submissions: Submission[] = []
    const { post } = await setUp({ ingress: ending(value({ void: true }), submissions) })
    const answer = await post('/checkout/process/send', '1')
    expect(answer).toMatchObject({
      status: 202,
      json: { invocationId: id, status: 'accepted' },
    })
    expect(answer.headers.get('x-fermata-invocation-id')).toBe(id)
    expect(submissions[0]?.delayMs).toBeUndefined()
  })

  it.each([
    ['10s', 10_000],
    ['1500', 1_500],
  ])('may be delayed by %s', async (delay, delayMs) => {
    const submissions: Submission[] = []
    const { post } = await setUp({ ingress: ending(value({ void: true }), submissions) })
    await post(`/checkout/process/send?delay=${delay}`, '1')
    expect(submissions[0]?.delayMs).toBe(delayMs)
  })

  it('tells all that is wrong with its parameters', async () => {
    const { post } = await setUp()
    expect(await post('/checkout/process/send?delay=soon&later=yes')).toMatchObject({
      status: 400,
      json: {
        code: 'bad-request',
        mistakes: [
          { path: 'delay', message: expect.stringContaining('expected a duration') },
          { path: 'later', message: 'there is no such field' },
        ],
      },
    })
    expect(await post('/checkout/process?delay=1s')).toMatchObject({ status: 400 })
  })
})

describe('an input that cannot be', () => {
  it.each([
    ['{"sku":', {}],
    ['hello', {}],
    [new Uint8Array([0x22, 0xff, 0x22]), {}],
    ['{}', { 'content-encoding': 'gzip' }],
    ['no json', { 'content-type': 'application/vnd.fermata.rich+json' }],
  ])('is refused: %s', async (body, headers) => {
    const { post } = await setUp()
    expect(await post('/checkout/process', body, headers)).toMatchObject({
      status: 400,
      json: {
        type: 'urn:fermata:error:bad-request',
        code: 'bad-request',
        title: 'The request cannot be understood',
        docs: 'docs/errors/bad-request.md',
        status: 400,
        detail: expect.any(String),
      },
    })
  })

  it('is refused when it is too large, and not one byte earlier', async () => {
    const { post } = await setUp({ ingress: ending(value({ void: true })), maxBodyBytes: 100 })
    const text = (length: number) => JSON.stringify('x'.repeat(length - 2))
    expect(await post('/checkout/process', text(100))).toMatchObject({ status: 204 })
    expect(await post('/checkout/process', text(101))).toMatchObject({
      status: 413,
      json: { code: 'body-too-large', docs: 'docs/errors/body-too-large.md' },
    })
  })
})

describe('what is not served', () => {
  it.each([
    ['/check out/process', 'handler-not-found'],
    ['/1checkout/process', 'handler-not-found'],
    ['/checkout', 'not-found'],
    ['/', 'not-found'],
    ['/a/b/c/d/e', 'not-found'],
  ])('is answered as a problem: %s', async (path, code) => {
    const { post } = await setUp()
    expect(await post(path)).toMatchObject({ status: 404, json: { code } })
  })

  it('tells which methods are', async () => {
    const { get, post } = await setUp()
    const answers = [await get('/checkout/process'), await post(`/invocations/${id}/output`)]
    expect(answers).toMatchObject([
      { status: 405, json: { code: 'method-not-allowed' } },
      { status: 405, json: { code: 'method-not-allowed' } },
    ])
    expect(answers.map(({ headers }) => headers.get('allow'))).toEqual(['POST', 'HEAD, GET'])
  })

  it('passes on what the engine refuses, with its status', async () => {
    const { post } = await setUp({
      ingress: { submit: refuse('overloaded', '1000 invocations wait already') },
    })
    const answer = await post('/checkout/process')
    expect(answer).toMatchObject({
      status: 429,
      json: { code: 'overloaded', detail: '1000 invocations wait already' },
    })
    expect(answer.headers.get('retry-after')).toBe('1')
  })

  it('takes damage in the table for what it is, not for a mistake of the caller', async () => {
    const { get, log } = await setUp({
      ingress: {
        output: async () => {
          throw new ProtocolError('item-json', 'not JSON')
        },
      },
    })
    expect(await get(`/invocations/${id}/output`)).toMatchObject({
      status: 500,
      json: { code: 'item-json', docs: 'docs/errors/item-json.md' },
    })
    expect(log.some(({ level }) => level === 'error')).toBe(true)
  })

  it('hides the text of a bug, but logs it', async () => {
    const { post, log } = await setUp({
      ingress: {
        submit: async () => {
          throw new TypeError('undefined is not a function')
        },
      },
    })
    const answer = await post('/checkout/process')
    expect(answer).toMatchObject({ status: 500, json: { code: 'internal' } })
    expect(answer.text).not.toContain('undefined is not')
    expect(log).toContainEqual(
      expect.objectContaining({
        level: 'error',
        error: expect.objectContaining({ message: 'undefined is not a function' }),
      }),
    )
  })
})

describe('an invocation over HTTP', () => {
  it('may be attached to', async () => {
    const { get } = await setUp({ ingress: ending(value({ json: 42 })) })
    const answer = await get(`/invocations/${id}/attach`)
    expect(answer).toMatchObject({ status: 200, text: '42' })
    expect(answer.headers.get('x-fermata-invocation-id')).toBe(id)
  })

  it('shows its output once there is one, and 202 until then', async () => {
    const done = await setUp({ ingress: ending(value({ json: 42 })) })
    expect(await done.get(`/invocations/${id}/output`)).toMatchObject({ status: 200, text: '42' })
    const open = await setUp({ ingress: { output: async () => undefined } })
    const answer = await open.get(`/invocations/${id}/output`)
    expect(answer).toMatchObject({ status: 202, json: { invocationId: id, status: 'pending' } })
    expect(answer.headers.get('retry-after')).toBe('1')
  })

  it('that does not exist is 404, and a name that cannot be one is 400', async () => {
    const { get } = await setUp({ ingress: { output: refuse('invocation-not-found', 'none') } })
    expect(await get(`/invocations/${id}/output`)).toMatchObject({
      status: 404,
      json: { code: 'invocation-not-found' },
    })
    expect(await get('/invocations/nonsense/output')).toMatchObject({
      status: 400,
      json: { code: 'bad-invocation-id', title: 'This is not the id of an invocation' },
    })
  })
})

describe('an awakeable over HTTP', () => {
  const awakeable = `${id}.3`

  it('is resolved with a value, or with nothing', async () => {
    const completed: unknown[] = []
    const { post } = await setUp({
      ingress: { completeAwakeable: async (...args) => void completed.push(args) },
    })
    expect(await post(`/awakeables/${awakeable}/resolve`, 'true')).toMatchObject({ status: 204 })
    const key = { 'idempotency-key': 'k1' }
    expect(await post(`/awakeables/${awakeable}/resolve`, undefined, key)).toMatchObject({
      status: 204,
    })
    expect(completed).toEqual([
      [awakeable, value({ json: true }), undefined],
      [awakeable, value({ void: true }), 'k1'],
    ])
  })

  it('is rejected with a message, perhaps a code and a status', async () => {
    const completed: unknown[] = []
    const { post } = await setUp({
      ingress: { completeAwakeable: async (_id, outcome) => void completed.push(outcome) },
    })
    await post(`/awakeables/${awakeable}/reject`, '{"message":"no"}')
    await post(`/awakeables/${awakeable}/reject`, '{"message":"no","code":"denied","status":403}')
    expect(completed).toEqual([
      { kind: 'failure', failure: { code: 'awakeable-rejected', message: 'no' } },
      { kind: 'failure', failure: { code: 'denied', message: 'no', status: 403 } },
    ])
  })

  it('is not rejected without a message', async () => {
    const { post } = await setUp()
    for (const body of ['', '{}', '3', '{"message":1}', '{"message":"no","status":200}']) {
      expect(await post(`/awakeables/${awakeable}/reject`, body)).toMatchObject({
        status: 400,
        json: { code: 'bad-request' },
      })
    }
  })

  it('that is unknown, or completed twice, is told so', async () => {
    const unknown = await setUp({
      ingress: { completeAwakeable: refuse('awakeable-not-found', 'none') },
    })
    const twice = await setUp({
      ingress: { completeAwakeable: refuse('awakeable-completed', 'already') },
    })
    const path = `/awakeables/${awakeable}/resolve`
    expect(await unknown.post(path)).toMatchObject({ status: 404 })
    expect(await twice.post(path)).toMatchObject({ status: 409 })
  })
})
