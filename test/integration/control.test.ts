import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startDynamoDbLocal } from '../support/real-parts/dynamodb-local.ts'
import { requirePart } from '../support/real-parts/require-part.ts'
import { type Transport, transports } from './support/functions.ts'
import type { OrchestratorUnderTest } from './support/orchestrator-under-test.ts'
import { createSystem, eventually, type System } from './support/system.ts'
import { openWitness, type Witness } from './support/witness.ts'

requirePart('dynamodb-local')('news and control on real parts', () => {
  describe.each(transports)('over %s', newsAndControl)
})

function newsAndControl(transport: Transport): void {
  let database: Awaited<ReturnType<typeof startDynamoDbLocal>>
  let witness: Witness
  let system: System
  let fermata: OrchestratorUnderTest

  beforeAll(async () => {
    ;[database, witness] = await Promise.all([startDynamoDbLocal(), openWitness()])
    system = await createSystem({
      dynamodb: database.endpoint,
      environment: { WITNESS_URL: witness.url },
    })
    fermata = await system.start()
    await system.register(fermata, 'control', { version: '1', transport })
  })

  afterAll(async () => {
    await system?.close()
    await witness?.close()
    await database?.stop()
  })

  async function send(path: string, input?: unknown): Promise<InvocationId> {
    const { status, body } = await fermata.call(`${path}/send`, input)
    expect(status).toBe(202)
    return (body as { invocationId: InvocationId }).invocationId
  }

  const becomes = (id: InvocationId, wanted: string) =>
    eventually(`${id} is ${wanted}`, async () => {
      return (await fermata.invocation(id)).status === wanted
    })

  const signal = (id: InvocationId, word: string, key?: string) =>
    fermata.call(
      `invocations/${id}/signals/word`,
      word,
      key === undefined ? {} : { 'idempotency-key': key },
    )

  describe.concurrent('an invocation', () => {
    it('gets signals over HTTP in their order, one that is sent again once', async () => {
      const id = await send('control/listener')
      await signal(id, 'first', 'a')
      await signal(id, 'first', 'a')
      await becomes(id, 'suspended')
      expect((await fermata.invocation(id)).waits).toEqual([
        { op: 1, kind: 'signal', name: 'word' },
      ])
      expect((await signal(id, 'second', 'b')).status).toBe(204)
      expect((await fermata.outputOf(id)).body).toEqual(['first', 'second'])
      expect((await signal(id, 'late')).status).toBe(409)
      expect((await signal(id, 'second', 'b')).status).toBe(204)
    })

    it('gets signals from a handler, which waits for its output', async () => {
      const to = await send('control/listener')
      const { body } = await fermata.call('control/teller', { to, words: ['a', 'b'] })
      expect(body).toEqual(['a', 'b'])
    })

    it('that is cancelled makes up for what it has done; what it called is cancelled, too', async () => {
      const id = await send('control/buyer', 'buyer')
      await witness.effect('buyer/charge')
      await becomes(id, 'suspended')
      const [wait] = (await fermata.invocation(id)).waits
      if (wait?.kind !== 'call') throw new Error('it waits for its call')
      await becomes(wait.invocation, 'suspended')
      const { status } = await fermata.post(`invocations/${id}/cancel`, { reason: 'too late' })
      expect(status).toBe(202)
      expect(await fermata.outputOf(id)).toMatchObject({ body: { code: 'cancelled' } })
      await becomes(id, 'cancelled')
      await becomes(wait.invocation, 'cancelled')
      expect(witness.effects('buyer/')).toEqual({
        'buyer/charge': 1,
        'buyer/give back': 1,
        'buyer/refund': 1,
        'buyer/told': 1,
      })
    })

    it('that is killed makes up for nothing, and neither does what it called', async () => {
      const id = await send('control/buyer', 'killed')
      await becomes(id, 'suspended')
      const [wait] = (await fermata.invocation(id)).waits
      if (wait?.kind !== 'call') throw new Error('it waits for its call')
      await becomes(wait.invocation, 'suspended')
      await fermata.post(`invocations/${id}/kill`)
      expect(await fermata.outputOf(wait.invocation)).toMatchObject({ body: { code: 'killed' } })
      await becomes(id, 'killed')
      expect(witness.effects('killed/')).toEqual({ 'killed/charge': 1 })
    })

    it('is told when the holder of an awakeable falls silent', async () => {
      const id = await send('control/watched', '300ms')
      expect((await fermata.outputOf(id)).body).toBe('heartbeat-timeout')
      expect((await fermata.call(`awakeables/${id}.0/heartbeat`, undefined)).status).toBe(409)
    })

    it('waits for longer when the holder of an awakeable shows a sign of life', async () => {
      const id = await send('control/watched', '1h')
      await becomes(id, 'suspended')
      const silentAt = async () => {
        const [wait] = (await fermata.invocation(id)).waits
        return wait?.kind === 'awakeable' ? (wait.silentAt ?? 0) : 0
      }
      const before = await silentAt()
      expect((await fermata.call(`awakeables/${id}.0/heartbeat`, undefined)).status).toBe(204)
      expect(await silentAt()).toBeGreaterThan(before)
      await fermata.call(`awakeables/${id}.0/resolve`, 'done')
      expect((await fermata.outputOf(id)).body).toBe('done')
    })

    it('that is paused goes on where another deployment has no mistake', async () => {
      const id = await send('control/versioned', 'versioned')
      await becomes(id, 'paused')
      const functions = await system.register(fermata, 'control', {
        version: '2',
        environment: { FIXED: 'yes' },
        transport,
      })
      const { body } = await fermata.post('deployments', functions.registration)
      const { id: deployment } = body as { id: string }
      await fermata.post(`invocations/${id}/resume`)
      await becomes(id, 'paused')
      const resumed = await fermata.post(`invocations/${id}/resume`, { deployment })
      expect(resumed.status).toBe(202)
      expect((await fermata.outputOf(id)).body).toBe('1, fixed')
      expect((await fermata.invocation(id)).deployment).toBe(deployment)
    })

    it('that failed is done again from an op: the steps before it are kept, and its chance', async () => {
      const id = await send('control/unlucky', 'unlucky')
      const failed = await fermata.outputOf(id)
      const { status, body } = await fermata.post(`invocations/${id}/restart`, { from: 2 })
      expect(status).toBe(202)
      const { invocationId } = body as { invocationId: InvocationId }
      expect((await fermata.outputOf(invocationId)).body).toEqual({
        first: 1,
        second: 1,
        third: 2,
        chance: Number((failed.body as { detail: string }).detail),
      })
      expect(witness.effects('unlucky/')).toMatchObject({
        'unlucky/first': 1,
        'unlucky/second': 1,
        'unlucky/third': 2,
      })
      const whole = await fermata.post(`invocations/${id}/restart`)
      const again = (whole.body as { invocationId: InvocationId }).invocationId
      expect((await fermata.outputOf(again)).body).toMatchObject({ first: 2, second: 2 })
    })
  })

  describe.concurrent('a workflow', () => {
    it('runs once per key, and many wait for its promise', async () => {
      const [run, again] = [await send('poll/one/run', 'how?'), await send('poll/one/run', 'what?')]
      expect(again).toBe(run)
      const waiting = await Promise.all(Array.from({ length: 12 }, () => send('poll/one/wait')))
      await Promise.all([...waiting, run].map((id) => becomes(id, 'suspended')))
      expect((await fermata.call('poll/one/look', undefined)).body).toBe('nothing yet')
      const firsts = await Promise.all(
        ['well', 'badly'].map((word) => fermata.call('poll/one/say', word)),
      )
      expect(firsts.map(({ body }) => body).toSorted()).toEqual([false, true])
      const word = (await fermata.call('poll/one/look', undefined)).body
      const outputs = await Promise.all(waiting.map((id) => fermata.outputOf(id)))
      expect(new Set(outputs.map(({ body }) => body))).toEqual(new Set([word]))
      expect((await fermata.outputOf(run)).body).toBe(`how? ${word}`)
    })

    it('is answered over HTTP, once; purged, it may run again', async () => {
      const run = await send('poll/two/run', 'how?')
      const promise = 'workflows/poll/two/promises/answer'
      const resolve = (word: string, key: string) =>
        fermata.call(`${promise}/resolve`, word, { 'idempotency-key': key })
      expect((await resolve('well', 'a')).status).toBe(204)
      expect((await resolve('well', 'a')).status).toBe(204)
      expect(await resolve('badly', 'b')).toMatchObject({ body: { code: 'promise-completed' } })
      expect((await fermata.outputOf(run)).body).toBe('how? well')
      await becomes(run, 'completed')

      const purged = await fetch(`${fermata.admin}/invocations/${run}`, { method: 'DELETE' })
      expect(purged.status).toBe(204)
      expect(await send('poll/two/run', 'again?')).toBe(run)
      await becomes(run, 'suspended')
      await resolve('badly', 'c')
      expect((await fermata.outputOf(run)).body).toBe('again? badly')
    })
  })
}
