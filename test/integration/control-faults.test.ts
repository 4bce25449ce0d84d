import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { FaultPoint } from '@fermata/orchestrator/ports'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startDynamoDbLocal } from '../support/real-parts/dynamodb-local.ts'
import { requirePart } from '../support/real-parts/require-part.ts'
import type { OrchestratorUnderTest } from './support/orchestrator-under-test.ts'
import { createSystem, eventually, type System } from './support/system.ts'
import { openWitness, type Witness } from './support/witness.ts'

/** Short times, few shards: what is tested is what happens, not when. */
const config = {
  agenda: { shards: 8, leaseMs: 1_500, heartbeatMs: 300, marginMs: 300, watchMs: 4_000 },
  attempt: { aliveAfterMs: 2_000, coldStartMarginMs: 1_000 },
}

requirePart('dynamodb-local')('a replica that is killed in the middle of news and control', () => {
  let database: Awaited<ReturnType<typeof startDynamoDbLocal>>
  let witness: Witness
  let system: System
  let survivor: OrchestratorUnderTest

  beforeAll(async () => {
    ;[database, witness] = await Promise.all([startDynamoDbLocal(), openWitness()])
    system = await createSystem({
      dynamodb: database.endpoint,
      config,
      environment: { WITNESS_URL: witness.url },
      isRecorded: true,
    })
    survivor = await system.start()
    await system.register(survivor, 'control')
  })

  afterAll(async () => {
    await system?.expectSound().finally(system.close)
    await witness?.close()
    await database?.stop()
  })

  async function send(path: string, input?: unknown): Promise<InvocationId> {
    const { body } = await survivor.call(`${path}/send`, input)
    return (body as { invocationId: InvocationId }).invocationId
  }

  const becomes = (id: InvocationId, wanted: string) =>
    eventually(`${id} is ${wanted}`, async () => (await survivor.invocation(id)).status === wanted)

  /** Asks a replica for something, at which it dies. `true`: it answered all the same. */
  async function dying(
    point: FaultPoint,
    subject: string,
    ask: (victim: OrchestratorUnderTest) => Promise<{ readonly status: number }>,
  ): Promise<boolean> {
    const victim = await system.start()
    await victim.plan({ point, subject, action: 'kill' })
    const answer = await ask(victim).catch(() => undefined)
    await eventually('it dies', () => !victim.running)
    return answer !== undefined && answer.status < 300
  }

  describe.concurrent('leaves it done, or undone', () => {
    it.each(['append.after', 'effects.before'] as const)(
      'when it cancels and dies at %s',
      async (point) => {
        const name = `cancel ${point}`
        const id = await send('control/buyer', name)
        await becomes(id, 'suspended')
        await dying(point, id, (victim) => victim.post(`invocations/${id}/cancel`))
        await becomes(id, 'cancelled')
        await eventually('the delivery gives back', () => {
          return witness.effects(`${name}/`)[`${name}/give back`] !== undefined
        })
        expect(Object.keys(witness.effects(`${name}/`))).toEqual(
          ['charge', 'give back', 'refund', 'told'].map((step) => `${name}/${step}`),
        )
      },
    )

    it.each(['append.after', 'effects.before'] as const)(
      'when it kills and dies at %s: what was called ends, too',
      async (point) => {
        const id = await send('control/buyer', `kill ${point}`)
        await becomes(id, 'suspended')
        const [wait] = (await survivor.invocation(id)).waits
        if (wait?.kind !== 'call') throw new Error('it waits for its call')
        await becomes(wait.invocation, 'suspended')
        await dying(point, id, (victim) => victim.post(`invocations/${id}/kill`))
        await becomes(id, 'killed')
        await becomes(wait.invocation, 'killed')
      },
    )

    it.each(['promise.after-complete', 'promise.before-complete'] as const)(
      'when it resolves a promise and dies at %s',
      async (point) => {
        const key = point.replace('.', '-')
        const waiting = await Promise.all([1, 2, 3].map(() => send(`poll/${key}/wait`)))
        await Promise.all(waiting.map((id) => becomes(id, 'suspended')))
        const path = `workflows/poll/${key}/promises/answer/resolve`
        const headers = { 'idempotency-key': key }
        await dying(point, key, (victim) => victim.call(path, 'yes', headers))
        if (point === 'promise.before-complete') {
          expect((await survivor.call(path, 'yes', headers)).status).toBe(204)
        }
        const outputs = await Promise.all(waiting.map((id) => survivor.outputOf(id)))
        expect(outputs.map(({ body }) => body)).toEqual(['yes', 'yes', 'yes'])
      },
    )

    it('when it restarts and dies in the middle of the copy', async () => {
      const id = await send('control/unlucky', 'copied')
      await becomes(id, 'failed')
      const restart = async (replica: OrchestratorUnderTest) => {
        const response = await fetch(`${replica.admin}/invocations/${id}/restart`, {
          method: 'POST',
          headers: { 'idempotency-key': 'mine' },
          body: JSON.stringify({ from: 2 }),
        })
        return { status: response.status, body: (await response.json()) as object }
      }
      expect(await dying('restart.after-copy', 'control.', restart)).toBe(false)
      const { body } = await restart(survivor)
      const { invocationId } = body as { invocationId: InvocationId }
      const output = await survivor.outputOf(invocationId)
      expect(output.body).toMatchObject({ first: 1, second: 1, third: 2 })
    })
  })
})
