/** Clients that are slow, gone, or send what nobody should. */
import { once } from 'node:events'
import { request } from 'node:http'
import { deriveInvocationId } from '@fermata/lambda-runtime/protocol'
import { createServer } from '@fermata/orchestrator/adapters/http/server'
import { createLogger } from '@fermata/orchestrator/adapters/telemetry/pino-logger'
import type { Ingress } from '@fermata/orchestrator/ports'
import { describe, expect, it } from 'vitest'
import { setUp } from './set-up.ts'

const id = deriveInvocationId('checkout', ['1'])

describe('a client that hangs up before its invocation is accepted', () => {
  it('is not waited for', async () => {
    const submitting = Promise.withResolvers<void>()
    const accepted = Promise.withResolvers<void>()
    const attached = Promise.withResolvers<AbortSignal>()
    const ingress: Partial<Ingress> = {
      mediaOf: async () => ({}),
      async submit() {
        submitting.resolve()
        await accepted.promise
        return { invocationId: id, status: 'accepted' }
      },
      attach: (_id, signal) =>
        new Promise((_resolve, reject) => {
          if (signal.aborted) reject(signal.reason)
          signal.addEventListener('abort', () => reject(signal.reason))
          attached.resolve(signal)
        }),
    }
    const { ingressUrl, log } = await setUp({ ingress })
    const call = request(`${ingressUrl}/checkout/process`, { method: 'POST' })
    call.on('error', () => undefined)
    call.end()
    await submitting.promise
    const closed = new Promise<void>((resolve) => call.once('close', resolve))
    call.destroy()
    await closed
    // Another request on a connection of its own is answered: as a rule the server has seen the hang-up before.
    await fetch(`${ingressUrl}/nowhere/at/all/there`)
    accepted.resolve()
    const signal = await attached.promise
    if (!signal.aborted) await once(signal, 'abort')
    expect(log.filter(({ level }) => level === 'error')).toEqual([])
  })
})

describe('a body', () => {
  it('that is nested too deep is refused', async () => {
    const { post, admin } = await setUp({
      ingress: { mediaOf: async () => ({}) },
      maxBodyBytes: 10_000,
    })
    const deep = `${'['.repeat(501)}${']'.repeat(501)}`
    const answer = await post('/checkout/process', deep)
    expect(answer).toMatchObject({ status: 400, json: { code: 'bad-request' } })
    const other = await admin('POST', `/invocations/${id}/cancel`, JSON.parse(deep))
    expect(other).toMatchObject({ status: 400, json: { code: 'bad-request' } })
  })

  it('that does not come to its end is not waited for without end', () => {
    const logger = createLogger({ level: 'silent' })
    const app = createServer({ name: 'ingress', maxBodyBytes: 1_000, logger })
    expect(app.server.requestTimeout).toBeGreaterThan(0)
    expect(app.server.headersTimeout).toBeGreaterThan(0)
  })
})

describe('a key', () => {
  it('may have its 512 bytes, however they are written in the address', async () => {
    const key = 'é'.repeat(256)
    const targets: unknown[] = []
    const { post } = await setUp({
      ingress: {
        mediaOf: async () => ({}),
        async submit({ target }) {
          targets.push(target)
          return { invocationId: id, status: 'accepted' }
        },
      },
    })
    const answer = await post(`/cart/${encodeURIComponent(key)}/add/send`)
    expect([answer.status, targets]).toEqual([202, [{ service: 'cart', handler: 'add', key }]])
  })

  it.each(['..%2fadd', '%00', 'a%23b', '%', 'a%2Fb%2F..'])(
    'written as %s is a key, or refused as one',
    async (text) => {
      const keys: unknown[] = []
      const { post } = await setUp({
        ingress: {
          mediaOf: async () => ({}),
          async submit({ target }) {
            keys.push(target.key)
            return { invocationId: id, status: 'accepted' }
          },
        },
      })
      const answer = await post(`/cart/${text}/add/send`)
      if (answer.status === 202) expect(keys).toEqual([decodeURIComponent(text)])
      else expect([answer.status, keys]).toEqual([expect.toSatisfy(isRefusal), []])
    },
  )
})

describe('an idempotency key', () => {
  it('that is empty is refused: it would make all such requests one', async () => {
    const { post } = await setUp({ ingress: { mediaOf: async () => ({}) } })
    for (const key of ['', '  ']) {
      const answer = await post('/checkout/process/send', '1', { 'idempotency-key': key })
      expect(answer).toMatchObject({ status: 400, json: { code: 'bad-request' } })
    }
  })
})

function isRefusal(status: number): boolean {
  return status >= 400 && status < 500
}
