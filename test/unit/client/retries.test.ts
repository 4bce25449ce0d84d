import { fileURLToPath } from 'node:url'
import { createContext, runInContext } from 'node:vm'
import { object, service } from '@fermata/lambda-runtime'
import { type ConnectOptions, connect } from '@fermata/lambda-runtime/client'
import { build } from 'esbuild'
import { describe, expect, it, vi } from 'vitest'

const cart = object('cart', { add: () => undefined })
const shop = service('shop', { echo: (_, input: string) => input })

type Sent = { readonly url: string; readonly init: RequestInit }

/** A client whose requests get these answers, the last one for ever. */
function answering(
  answers: readonly (() => Response | Promise<Response>)[],
  more?: ConnectOptions,
) {
  const sent: Sent[] = []
  const connection = connect('http://fermata/base/', {
    ...more,
    fetch: async (url, init) => {
      sent.push({ url, init })
      return (await (answers[sent.length - 1] ?? answers.at(-1))?.()) as Response
    },
  })
  return { sent, connection }
}

const done = () => new Response('"done"', { headers: { 'content-type': 'application/json' } })
const refused = () => Promise.reject(new TypeError('fetch failed'))
const problem =
  (status: number, code: string, headers: Record<string, string> = {}) =>
  () =>
    new Response(JSON.stringify({ code, status, title: code, detail: `it is ${code}` }), {
      status,
      headers: { 'content-type': 'application/problem+json', ...headers },
    })
const atOnce = { 'retry-after': '0' }

function keyOf({ init }: Sent): string | undefined {
  return new Headers(init.headers).get('idempotency-key') ?? undefined
}

describe('a request is tried again', () => {
  it.each<[string, () => Response | Promise<Response>]>([
    ['the connection failed', refused],
    ['the orchestrator was busy', problem(429, 'overloaded', atOnce)],
    ['the orchestrator was starting', problem(503, 'not-ready', atOnce)],
    ['a proxy did not reach it', () => new Response('bad gateway', { status: 502 })],
    [
      'the answer broke off',
      () =>
        new Response(
          new ReadableStream({
            start: (controller) => controller.error(new Error('connection reset')),
          }),
        ),
    ],
  ])('when %s, with the same key', async (_, answer) => {
    const { sent, connection } = answering([answer, done])
    expect(await connection.call(shop).echo('x')).toBe('done')
    expect(sent.map(({ url }) => url)).toEqual(Array(2).fill('http://fermata/base/shop/echo'))
    expect(keyOf(sent[0] as Sent)).toMatch(/^[0-9a-f-]{36}$/)
    expect(keyOf(sent[1] as Sent)).toBe(keyOf(sent[0] as Sent))
  })

  it('as often as it may', async () => {
    const { sent, connection } = answering([refused], { maxAttempts: 3 })
    await expect(connection.call(shop).echo('x')).rejects.toMatchObject({
      name: 'RequestError',
      code: 'connection-failed',
      status: undefined,
    })
    expect(sent).toHaveLength(3)
  })

  it('until its time is over, be it in a pause', async () => {
    const { connection } = answering([problem(503, 'not-ready', { 'retry-after': '60' })])
    const call = connection.call(shop, { timeout: '20ms' }).echo('x')
    await expect(call).rejects.toMatchObject({ code: 'timeout' })
  })

  it('until its signal aborts', async () => {
    const abort = new AbortController()
    const { connection } = answering([
      () => {
        abort.abort(new Error('enough'))
        return problem(503, 'not-ready', { 'retry-after': '60' })()
      },
    ])
    await expect(connection.call(shop, abort).echo('x')).rejects.toThrow('enough')
  })

  it('and one of its own tries that came before is no other acceptance', async () => {
    const accepted = () =>
      new Response('{"invocationId":"shop.1","status":"previously_accepted"}', { status: 202 })
    const { connection } = answering([accepted])
    expect((await connection.send(shop).echo('x')).status).toBe('accepted')
    const keyed = connection.send(shop, { idempotencyKey: 'k', delay: '2s' })
    expect((await keyed.echo('x')).status).toBe('previously_accepted')
  })
})

describe('a request is not tried again', () => {
  it.each<[string, () => Response, object]>([
    [
      'a handler said so, whatever its status',
      problem(503, 'no-stock', { 'x-fermata-outcome': 'failure' }),
      { name: 'TerminalError', code: 'no-stock', status: 503, message: 'it is no-stock' },
    ],
    [
      'a handler was too late',
      problem(504, 'timeout', { 'x-fermata-outcome': 'failure' }),
      { name: 'TimeoutError', code: 'timeout', status: 504 },
    ],
    [
      'the request is wrong',
      problem(400, 'bad-request'),
      { name: 'RequestError', code: 'bad-request', status: 400 },
    ],
    [
      'something else answers',
      () => new Response('<h1>not here</h1>', { status: 404 }),
      { name: 'RequestError', code: 'http', status: 404 },
    ],
  ])('when %s', async (_, answer, error) => {
    const { sent, connection } = answering([answer])
    await expect(connection.call(shop).echo('x')).rejects.toMatchObject(error)
    expect(sent).toHaveLength(1)
  })
})

describe('the timeout of a request', () => {
  it('leaves no timer behind, however long it was', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const { connection } = answering([done], { timeout: '1d' })
      await connection.call(shop).echo('x')
      const failing = answering([problem(400, 'bad-request')]).connection
      const signal = new AbortController().signal
      await failing
        .call(shop, { timeout: '1h', signal })
        .echo('x')
        .catch(() => undefined)
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  it('may be longer than a timer can be', async () => {
    const slow = () => new Promise<Response>((resolve) => setTimeout(() => resolve(done()), 20))
    const late = (init: RequestInit) =>
      new Promise<never>((_, reject) => {
        init.signal?.addEventListener('abort', () => reject(init.signal?.reason))
      })
    const connection = connect('http://fermata', {
      timeout: '30d',
      fetch: (_, init) => Promise.race([slow(), late(init)]),
    })
    expect(await connection.call(shop).echo('x')).toBe('done')
  })
})

describe('the paths', () => {
  it('name key, delay, promise, signal and awakeable', async () => {
    const { sent, connection } = answering([() => new Response(null, { status: 204 })])
    await connection.call<typeof cart>('cart', 'a/b').add()
    await connection.promise('signup', 'k 1', { name: 'done' }).resolve(1)
    await connection.promise('signup', 'k', 'done').reject('no')
    expect(await connection.promise('signup', 'k', 'done').peek()).toEqual({ value: undefined })
    await connection.awakeable('x.1').heartbeat()
    await connection.invocation('x').signal('go', new Date(0))
    await connection.invocation('x').cancel()
    expect(sent.map(({ url }) => url.replace('http://fermata/base', ''))).toEqual([
      '/cart/a%2Fb/add',
      '/workflows/signup/k%201/promises/done/resolve',
      '/workflows/signup/k/promises/done/reject',
      '/workflows/signup/k/promises/done',
      '/awakeables/x.1/heartbeat',
      '/invocations/x/signals/go',
      '/invocations/x/cancel',
    ])
    expect(sent[2]?.init.body).toBe('{"message":"no"}')
    expect(new Headers(sent[5]?.init.headers).get('content-type')).toBe(
      'application/vnd.fermata.rich+json',
    )
  })
})

describe('the client', () => {
  it('needs nothing of Node', async () => {
    const { outputFiles } = await build({
      entryPoints: [
        fileURLToPath(new URL('../../../lambda-runtime/src/client.ts', import.meta.url)),
      ],
      bundle: true,
      write: false,
      format: 'iife',
      globalName: 'client',
      platform: 'browser',
      logLevel: 'silent',
    })
    // What a browser has as well; `Buffer`, `process` and `require` are missing.
    const world = createContext({
      ...{ URL, URLSearchParams, TextEncoder, TextDecoder, Response, AbortSignal, AbortController },
      ...{ crypto, performance, setTimeout, clearTimeout, atob, btoa },
    })
    runInContext(outputFiles[0]?.text ?? '', world)
    const result: unknown = await runInContext(
      `let asked
      const connection = client.connect('http://fermata', {
        fetch: async (url, init) => {
          asked = init
          return new Response(init.body, { headers: init.headers })
        },
      })
      connection.call('shop').echo({ bytes: new Uint8Array([1, 2]), at: new Date(3) }).then(
        ({ bytes, at }) => [bytes[1], at.getTime()].join())`,
      world,
    )
    expect(result).toBe('2,3')
  })
})
