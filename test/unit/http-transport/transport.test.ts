import { service } from '@fermata/lambda-runtime'
import { decodeInvokeReply, decodeManifest } from '@fermata/lambda-runtime/protocol'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createGate, greeter, onStage, post, requestTo, url } from './set-up.ts'

const problemOf = async (response: Response) => {
  const { status, code } = (await response.json()) as { status: number; code: string }
  expect(response.status).toBe(status)
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  return code
}

/** What an attempt gets beyond its time, to say so itself. */
const graceMs = 500

/** An attempt's time passes when the test says so: a machine that is slow would end it before its step has begun. */
function holdTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
}

describe('handlers over HTTP', () => {
  it('work on a journal and answer with what came of it', async () => {
    const { fetch } = onStage([greeter])
    const response = await fetch(post(requestTo('greeter/greet', 60_000, 'Ada')))
    expect(response.status).toBe(200)
    expect(decodeInvokeReply(await response.json()).status).toEqual({
      kind: 'completed',
      value: { json: 'Hello, Ada' },
    })
  })

  it.each([
    ['GET', '/discover', undefined],
    ['POST', '/discover', { protocol: 1, kind: 'discover' }],
    ['POST', '/below/any/path/invoke', { protocol: 1, kind: 'discover' }],
  ])('say what they serve (%s %s)', async (method, path, body) => {
    const { fetch } = onStage([greeter])
    const request = new Request(`${url}${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const { services } = decodeManifest(await (await fetch(request)).json())
    expect(services.map(({ name }) => name)).toEqual(['greeter'])
  })

  it('are healthy until they are retired', async () => {
    const { fetch, transport } = onStage([greeter])
    const health = async () => (await fetch(new Request(`${url}/health`))).status
    expect(await health()).toBe(200)
    transport.retire()
    expect(await health()).toBe(503)
  })

  it.each([
    [new Request(`${url}/nowhere`), 'not-found'],
    [new Request(`${url}/invoke`), 'method-not-allowed'],
    [new Request(`${url}/health`, { method: 'POST', body: '' }), 'method-not-allowed'],
    [post('hello'), 'bad-request'],
    [post('{}'), 'protocol-shape'],
    [post({ protocol: 99, kind: 'invoke' }), 'protocol-version'],
    [post('x'.repeat(1_001)), 'body-too-large'],
  ])('refuse what they do not understand: %#', async (request, code) => {
    const { fetch } = onStage([greeter], { maxBodyBytes: 1_000 })
    expect(await problemOf(await fetch(request))).toBe(code)
  })

  it.each([
    { maxConcurrent: 0 },
    { maxBodyBytes: 1.5 },
    { identity: {} },
    { identity: { publicKeys: ['nonsense'] } },
    { identity: { secrets: ['short'] } },
  ])('do not start with %o', (options) => {
    expect(() => onStage([greeter], options)).toThrow(
      expect.objectContaining({ code: 'option-invalid' }),
    )
  })

  it('go through the interceptors, the first outermost', async () => {
    const order: string[] = []
    const layer = (name: string) => ({
      async handler(_call: unknown, next: () => Promise<unknown>) {
        order.push(name)
        return await next()
      },
    })
    const { fetch } = onStage([greeter], { around: [layer('outer'), layer('inner')] })
    await fetch(post(requestTo('greeter/greet', 60_000, 'Ada')))
    expect(order).toEqual(['outer', 'inner'])
  })
})

describe('attempts on a server', () => {
  function gated() {
    const gate = createGate()
    const aborted = Promise.withResolvers<void>()
    const waiting = service('waiting', {
      async forever(ctx) {
        return await ctx.run('wait', async ({ signal }) => {
          signal.addEventListener('abort', () => aborted.resolve())
          await gate.pass()
          return 'opened'
        })
      },
      async twice(ctx) {
        await ctx.run('first', () => gate.pass())
        return await ctx.run('second', () => 'both')
      },
    })
    return { gate, waiting, aborted: aborted.promise }
  }

  it('are no more at once than they may be; others are to come again', async () => {
    const { gate, waiting } = gated()
    const { fetch } = onStage([waiting], { maxConcurrent: 2 })
    const two = [1, 2].map(() => fetch(post(requestTo('waiting/forever'))))
    await gate.arrived(2)
    const third = await fetch(post(requestTo('waiting/forever')))
    expect([third.status, third.headers.get('retry-after')]).toEqual([429, '1'])
    expect(await problemOf(third)).toBe('overloaded')

    gate.open()
    expect((await Promise.all(two)).map(({ status }) => status)).toEqual([200, 200])
    expect((await fetch(post(requestTo('waiting/forever')))).status).toBe(200)
  })

  it('that overrun their time are given up, and write nothing any more', async () => {
    const { gate, waiting } = gated()
    const { fetch, appended } = onStage([waiting], { maxConcurrent: 1 })
    holdTime()
    const late = fetch(post(requestTo('waiting/twice', 50)))
    await gate.arrived(1)
    await vi.advanceTimersByTimeAsync(50 + graceMs)
    expect(await problemOf(await late)).toBe('function-timed-out')
    // Its place is free again.
    const next = fetch(post(requestTo('waiting/twice', 60_000)))
    await gate.arrived(2)
    gate.open()
    expect((await next).status).toBe(200)
    expect(appended.filter((kind) => kind === 'run')).toHaveLength(1)
  })

  it('that are given up tell their step', async () => {
    const { gate, waiting, aborted } = gated()
    const { fetch } = onStage([waiting])
    holdTime()
    const late = fetch(post(requestTo('waiting/forever', 50)))
    await gate.arrived(1)
    await vi.advanceTimersByTimeAsync(50 + graceMs)
    expect((await late).status).toBe(504)
    await aborted
    gate.open()
  })

  it('end at their next op when the server is retired, and none begins', async () => {
    const { gate, waiting } = gated()
    const { fetch, transport } = onStage([waiting])
    const underWay = fetch(post(requestTo('waiting/twice')))
    await gate.arrived(1)
    transport.retire()
    const refused = await fetch(post(requestTo('waiting/twice')))
    expect(refused.headers.get('retry-after')).toBe('1')
    expect(await problemOf(refused)).toBe('not-ready')
    gate.open()
    const { status, entries } = decodeInvokeReply(await (await underWay).json())
    expect(status).toEqual({ kind: 'suspended', waitingOn: { kind: 'all', of: [] } })
    expect(entries.map(({ kind }) => kind)).toEqual(['run'])
  })

  it('that outlast a stop are given up', async () => {
    const { gate, waiting } = gated()
    const { fetch, transport } = onStage([waiting])
    const underWay = fetch(post(requestTo('waiting/forever')))
    await gate.arrived(1)
    transport.retire()
    transport.abandon()
    expect(await problemOf(await underWay)).toBe('function-failed')
  })

  it('have no deadline where the request names none', async () => {
    const { gate, waiting } = gated()
    const { fetch } = onStage([waiting])
    const request = requestTo('waiting/forever')
    const journal = request.journal.map((segment) => ({
      ...segment,
      entries: segment.entries.filter(({ kind }) => kind !== 'attempt'),
    }))
    const underWay = fetch(post({ ...request, journal }))
    await gate.arrived(1)
    gate.open()
    expect((await underWay).status).toBe(200)
  })
})
