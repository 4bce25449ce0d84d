import { once } from 'node:events'
import { connect } from 'node:net'
import { service } from '@fermata/lambda-runtime'
import { type HandlerServer, serve } from '@fermata/lambda-runtime/http'
import { decodeInvokeReply } from '@fermata/lambda-runtime/protocol'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createGate, greeter, requestTo } from './set-up.ts'

async function served(
  definitions: Parameters<typeof serve>[0],
  options: Parameters<typeof serve>[1] = {},
): Promise<HandlerServer> {
  const server = await serve(definitions, { host: '127.0.0.1', port: 0, ...options })
  onTestFinished(() => server.close({ graceMs: 0 }))
  return server
}

const invoke = ({ url }: HandlerServer, request: object) =>
  fetch(`${url}/invoke`, { method: 'POST', body: JSON.stringify(request) })

const codeOf = async (response: Response) =>
  `${response.status} ${((await response.json()) as { code: string }).code}`

function gated() {
  const gate = createGate()
  const done = Promise.withResolvers<string>()
  const waiting = service('waiting', {
    async once(ctx) {
      return await ctx.run('wait', async () => {
        await gate.pass()
        done.resolve(ctx.id)
        return 'opened'
      })
    },
  })
  return { gate, done: done.promise, waiting }
}

describe('a server of handlers', () => {
  it('answers an invoke, whatever the type of its body is said to be', async () => {
    const server = await served([greeter])
    const response = await invoke(server, requestTo('greeter/greet', 60_000, 'Ada'))
    expect(decodeInvokeReply(await response.json()).status).toMatchObject({
      value: { json: 'Hello, Ada' },
    })
    expect((await fetch(`${server.url}/discover`)).status).toBe(200)
    expect((await fetch(`${server.url}/health?deep`)).status).toBe(200)
  })

  it('refuses what is too large, and what is not there', async () => {
    const server = await served([greeter], { maxBodyBytes: 100 })
    expect(await codeOf(await invoke(server, requestTo('greeter/greet')))).toBe(
      '413 body-too-large',
    )
    expect(await codeOf(await fetch(server.url))).toBe('404 not-found')
  })

  it('says so when it cannot listen', async () => {
    const { port } = await served([greeter])
    await expect(serve([greeter], { host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'option-invalid',
      message: expect.stringContaining(`127.0.0.1:${port}`),
    })
  })

  it('lets what is under way end when it is closed, and takes nothing new', async () => {
    const { gate, waiting } = gated()
    const server = await served([waiting])
    const socket = await keptAlive(server)
    const underWay = invoke(server, requestTo('waiting/once'))
    await gate.arrived(1)

    const closed = server.close()
    const refused = await fetch(`${server.url}/health`).catch(() => 'refused')
    expect(refused).toBe('refused')
    await socket.ended
    gate.open()
    const response = await underWay
    expect([response.status, response.headers.get('connection')]).toEqual([200, 'close'])
    await closed
    await server.close()
  })

  it('gives up what takes longer than it may wait', async () => {
    const { gate, waiting } = gated()
    const server = await served([waiting])
    const underWay = invoke(server, requestTo('waiting/once'))
    await gate.arrived(1)
    await server.close({ graceMs: 10 })
    expect(await codeOf(await underWay)).toBe('500 function-failed')
  })

  it('goes on with an attempt whose caller has gone', async () => {
    const { gate, done, waiting } = gated()
    const server = await served([waiting])
    const request = requestTo('waiting/once')
    const abort = new AbortController()
    const lost = fetch(`${server.url}/invoke`, {
      method: 'POST',
      body: JSON.stringify(request),
      signal: abort.signal,
    }).catch(() => 'lost')
    await gate.arrived(1)
    abort.abort()
    expect(await lost).toBe('lost')
    gate.open()
    expect(await done).toBe(request.invocation)
  })
})

/** A connection that has had one answer and waits for the next request. */
async function keptAlive({ port }: HandlerServer): Promise<{ readonly ended: Promise<unknown> }> {
  const socket = connect(port, '127.0.0.1')
  const ended = once(socket, 'close')
  socket.write('GET /health HTTP/1.1\r\nhost: x\r\n\r\n')
  await once(socket, 'data')
  return { ended }
}
