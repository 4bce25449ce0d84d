import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { deriveInvocationId, type Outcome } from '@fermata/lambda-runtime/protocol'
import { createHttpServers } from '@fermata/orchestrator/adapters/http/servers'
import { createLogger } from '@fermata/orchestrator/adapters/telemetry/pino-logger'
import type { Ingress } from '@fermata/orchestrator/ports'
import { describe, expect, it } from 'vitest'
import { setUp } from './set-up.ts'

const id = deriveInvocationId('checkout', ['1'])
const done: Outcome = { kind: 'value', value: { json: 'done' } }

/** An ingress whose invocations end when the test says so. */
function waitingIngress() {
  const attached = Promise.withResolvers<AbortSignal>()
  const outcome = Promise.withResolvers<Outcome>()
  const ingress: Partial<Ingress> = {
    submit: async () => ({ invocationId: id, status: 'accepted' }),
    attach: (_id, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason))
        void outcome.promise.then(resolve)
        attached.resolve(signal)
      }),
  }
  return { ingress, attached: attached.promise, end: () => outcome.resolve(done) }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve())
  })

describe('a client that hangs up', () => {
  it('ends the waiting and nothing else, and is no bug', async () => {
    const { ingress, attached } = waitingIngress()
    const { ingressUrl, log } = await setUp({ ingress })
    const hangUp = new AbortController()
    const call = fetch(`${ingressUrl}/checkout/process`, { method: 'POST', signal: hangUp.signal })
    const signal = await attached
    expect(signal.aborted).toBe(false)
    hangUp.abort()
    await expect(call).rejects.toThrow()
    await aborted(signal)
    expect(log.filter(({ level }) => level === 'error')).toEqual([])
  })
})

describe('a stop', () => {
  it('lets what is in progress end', async () => {
    const { ingress, attached, end } = waitingIngress()
    const { post, servers } = await setUp({ ingress })
    const call = post('/checkout/process')
    await attached
    const stopped = servers.stop(60_000)
    end()
    expect(await call).toMatchObject({ status: 200, json: 'done' })
    await stopped
  })

  it('sends away who still waits when its time is over', async () => {
    const { ingress, attached } = waitingIngress()
    const { post, servers } = await setUp({ ingress })
    const call = post('/checkout/process')
    await attached
    await servers.stop(1)
    const answer = await call
    expect(answer).toMatchObject({ status: 503, json: { code: 'not-ready' } })
    expect(answer.headers.get('x-fermata-invocation-id')).toBe(id)
  })

  it('accepts nothing on new connections, nor on those that are kept alive', async () => {
    const { ingress, attached, end } = waitingIngress()
    const { ingressPort, post, servers } = await setUp({ ingress })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const first = ask(agent, ingressPort, '/checkout/process')
    await attached
    const stopped = servers.stop(60_000)
    // The same connection: the agent has but one.
    const second = ask(agent, ingressPort, '/checkout/process')
    end()
    expect(await first).toMatchObject({ status: 200, connection: 'close' })
    await expect(second).rejects.toThrow(/ECONNREFUSED|socket hang up|ECONNRESET/)
    await expect(post('/checkout/process')).rejects.toThrow()
    await stopped
    agent.destroy()
  })
})

type Asked = { readonly status: number | undefined; readonly connection: string | undefined }

function ask(agent: Agent, port: number, path: string): Promise<Asked> {
  return new Promise((resolve, reject) => {
    request({ agent, host: '127.0.0.1', port, path, method: 'POST' }, (response) => {
      const { statusCode, headers } = response
      text(response).then(
        () => resolve({ status: statusCode, connection: headers.connection }),
        reject,
      )
    })
      .on('error', reject)
      .end()
  })
}

describe('the servers', () => {
  it('keep connections alive', async () => {
    const { ingressPort } = await setUp({
      ingress: { output: async () => done },
    })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const answers = [await ask(agent, ingressPort, '/'), await ask(agent, ingressPort, '/')]
    expect(answers.map(({ connection }) => connection)).toEqual(['keep-alive', 'keep-alive'])
    agent.destroy()
  })

  it('answer what is not HTTP with a problem, too', async () => {
    const { ingressPort } = await setUp()
    const socket = connect(ingressPort, '127.0.0.1')
    socket.write('hello, is this Kafka?\r\n\r\n')
    const answer = await text(socket)
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect(answer).toContain('application/problem+json')
    expect(answer).toContain('"detail":"This is not HTTP"')
  })

  it('answer headers that are too large with a problem', async () => {
    const { get, ingressUrl } = await setUp()
    const response = await fetch(ingressUrl, { headers: { 'x-large': 'x'.repeat(20_000) } })
    expect(response.status).toBe(431)
    expect(await response.json()).toMatchObject({ code: 'bad-request', status: 431 })
    expect(await get('/')).toMatchObject({ status: 404 })
  })

  it('say which port is taken, and leave the other', async () => {
    const { ingressPort } = await setUp()
    const servers = createHttpServers({
      ingress: {} as Ingress,
      admin: {} as never,
      config: {
        ingress: { host: '127.0.0.1', port: 0, maxBodyBytes: 1 },
        admin: { host: '127.0.0.1', port: ingressPort },
        shutdownMs: 0,
      },
      logger: createLogger({ level: 'silent' }),
    })
    await expect(servers.start()).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringContaining(`The admin cannot listen on 127.0.0.1:${ingressPort}`),
    })
    await servers.stop(0)
  })
})
