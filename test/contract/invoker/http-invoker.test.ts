import { createHttpInvoker } from '@fermata/orchestrator/adapters/http-invoker/http-invoker'
import { createSystemClock } from '@fermata/orchestrator/adapters/system/system-clock'
import { describe, expect, it } from 'vitest'
import { requestFor } from './fixtures/requests.ts'
import { broken, handler, stranger } from './fixtures/scripted-function.ts'
import { deadUrl, type ScriptedServer, serveScripted } from './fixtures/scripted-server.ts'
import { type InvokerRig, invokerContract } from './invoker-contract.ts'

const never = new AbortController().signal

type HttpRig = InvokerRig & {
  readonly sent: readonly number[]
  readonly server: ScriptedServer
}

async function createRig(): Promise<HttpRig> {
  const [server, impatient, strange, defective, missing] = await Promise.all([
    serveScripted(),
    serveScripted(handler, 300),
    serveScripted(stranger),
    serveScripted(broken),
    deadUrl(),
  ])
  const sent: number[] = []
  const invoker = createHttpInvoker({
    clock: createSystemClock(),
    onSent: (bytes) => sent.push(bytes),
  })
  return {
    ...{ invoker, server, sent, missing },
    scripted: server.url,
    impatient: impatient.url,
    stranger: strange.url,
    broken: defective.url,
    throttleNext: (retryAfterSeconds) =>
      server.injectFault({ kind: 'throttle', retryAfterSeconds }),
    dropNext: (what) => server.injectFault({ kind: `drop-${what}` }),
    starts: server.starts,
    running: server.running,
    async close() {
      await Promise.all([server, impatient, strange, defective].map((one) => one.close()))
    },
  }
}

invokerContract('the HTTP invoker', createRig)

describe('the HTTP invoker alone', () => {
  async function withRig(test: (rig: HttpRig) => Promise<void>): Promise<void> {
    const rig = await createRig()
    try {
      await test(rig)
    } finally {
      await rig.invoker.close()
      await rig.close()
    }
  }

  const answerNext = (rig: HttpRig, status: number, body: string, type = 'text/html') =>
    rig.server.injectFault({ kind: 'answer', status, type, body })

  const invoke = (rig: HttpRig) => rig.invoker.invoke(rig.scripted, requestFor('complete'), never)

  it('counts the bytes that it sends', () =>
    withRig(async (rig) => {
      const request = requestFor('complete')
      await rig.invoker.invoke(rig.scripted, request, never)
      await rig.invoker.invoke(rig.scripted, requestFor('complete', 6_291_456), never)
      expect(rig.sent).toEqual([Buffer.byteLength(JSON.stringify(request))])
    }))

  it('keeps connections for the next call', () =>
    withRig(async (rig) => {
      for (let call = 0; call < 6; call += 1) await invoke(rig)
      const ports = rig.server.requests.map(({ socket }) => socket.remotePort)
      expect(ports.length).toBe(6)
      // The one that just answered may not be free again yet.
      expect(new Set(ports).size).toBeLessThan(4)
    }))

  it('asks below the path of the URL', () =>
    withRig(async (rig) => {
      await rig.invoker.invoke(`${rig.scripted}/v7`, requestFor('complete'), never)
      await rig.invoker.discover(`${rig.scripted}/v7`)
      const asked = rig.server.requests.map(({ method, url }) => `${method} ${url}`)
      expect(asked).toEqual(['POST /v7/invoke', 'GET /v7/discover'])
    }))

  it.each([408, 499, 502, 504, 520])(
    'does not believe a proxy that answers %s: the handler may be at work',
    (status) =>
      withRig(async (rig) => {
        answerNext(rig, status, '<html>')
        expect(await invoke(rig)).toMatchObject({
          kind: 'lost',
          failure: { code: 'invoke-lost', message: expect.stringContaining(String(status)) },
        })
      }),
  )

  it.each([
    [413, '', { kind: 'too-large' }],
    [503, 'no healthy upstream', { kind: 'throttled', retryAfterMs: undefined }],
    [404, 'Cannot POST', { kind: 'rejected', failure: { code: 'deployment-unreachable' } }],
    [307, '', { kind: 'rejected', failure: { code: 'deployment-unreachable' } }],
    [500, 'oops', { kind: 'failed', failure: { code: 'function-failed' } }],
    [200, 'x'.repeat(9_000_000), { kind: 'failed', failure: { code: 'invalid-reply' } }],
  ])('reads a status of %s', (status, body, outcome) =>
    withRig(async (rig) => {
      answerNext(rig, status, body)
      expect(await invoke(rig)).toMatchObject(outcome)
    }),
  )

  it('passes on why it was refused', () =>
    withRig(async (rig) => {
      const problem = { code: 'signature-missing', detail: 'These handlers take signed requests' }
      answerNext(rig, 401, JSON.stringify(problem), 'application/problem+json')
      expect(await invoke(rig)).toEqual({
        kind: 'rejected',
        failure: { code: 'signature-missing', message: problem.detail },
      })
    }))

  it('understands a date to come again at', async () => {
    const clock = { now: () => Date.parse('2026-01-01T00:00:00Z') }
    const invoker = createHttpInvoker({ clock })
    const server = await serveScripted()
    const headers = { 'retry-after': 'Thu, 01 Jan 2026 00:00:07 GMT' }
    server.injectFault({ kind: 'answer', status: 503, type: 'text/plain', body: '', headers })
    expect(await invoker.invoke(server.url, requestFor('complete'), never)).toEqual({
      kind: 'throttled',
      retryAfterMs: 7_000,
    })
    await invoker.close()
    await server.close()
  })

  it('is not begun when it was given up before', () =>
    withRig(async (rig) => {
      const outcome = await rig.invoker.invoke(
        rig.scripted,
        requestFor('complete'),
        AbortSignal.abort(),
      )
      expect(outcome).toMatchObject({ kind: 'rejected' })
      expect(rig.starts()).toBe(0)
    }))

  it('holds as many calls at once as it is asked for', () =>
    withRig(async (rig) => {
      const abort = new AbortController()
      const outcomes = Array.from({ length: 150 }, () =>
        rig.invoker.invoke(rig.scripted, requestFor('hang'), abort.signal),
      )
      await expect.poll(() => rig.starts(), { timeout: 120_000 }).toBe(150)
      abort.abort()
      const kinds = (await Promise.all(outcomes)).map(({ kind }) => kind)
      expect(new Set(kinds)).toEqual(new Set(['lost']))
    }))
})
