import {
  awakeableId,
  deriveInvocationId,
  type InvocationId,
} from '@fermata/lambda-runtime/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startDynamoDbLocal } from '../support/real-parts/dynamodb-local.ts'
import { requirePart } from '../support/real-parts/require-part.ts'
import type { OrchestratorUnderTest } from './support/orchestrator-under-test.ts'
import { createSystem, eventually, type System } from './support/system.ts'
import { openWitness, type Witness } from './support/witness.ts'

/** Short times, few shards: what is tested is what happens, not when. */
const config = {
  agenda: { shards: 8, leaseMs: 1_500, heartbeatMs: 300, marginMs: 300, watchMs: 5_000 },
  attempt: { aliveAfterMs: 2_000, coldStartMarginMs: 5_000 },
}

/** The interleavings that need real parts to be met; the others are met in simulated time. */
requirePart('dynamodb-local')('traces on real parts', () => {
  let database: Awaited<ReturnType<typeof startDynamoDbLocal>>
  let witness: Witness

  beforeAll(async () => {
    ;[database, witness] = await Promise.all([startDynamoDbLocal(), openWitness()])
  })

  afterAll(async () => {
    await witness?.close()
    await database?.stop()
  })

  async function onStage(
    act: (system: System, first: OrchestratorUnderTest) => Promise<void>,
    own: object = {},
    deploy: Parameters<System['deploy']>[1] = {},
  ): Promise<void> {
    const environment = { WITNESS_URL: witness.url }
    const system = await createSystem({
      dynamodb: database.endpoint,
      config: { ...config, ...own },
      environment,
    })
    try {
      const first = await system.start()
      await first.post('deployments', { arn: system.deploy('steps', deploy) })
      system.lambda.resetStatistics('steps')
      await act(system, first)
    } finally {
      await system.close()
    }
  }

  async function send(
    replica: OrchestratorUnderTest,
    path: string,
    input: unknown,
    headers: Record<string, string> = {},
  ): Promise<InvocationId> {
    return eventually(`${path} is accepted`, async () => {
      const { status, body } = await replica.call(`steps/${path}`, input, headers)
      return status === 202 ? (body as { invocationId: InvocationId }).invocationId : undefined
    })
  }

  const suspended = (replica: OrchestratorUnderTest, id: InvocationId) =>
    eventually('it waits', async () => (await replica.invocation(id)).status === 'suspended')

  const resolve = (replica: OrchestratorUnderTest, id: InvocationId) =>
    replica.call(`awakeables/${awakeableId(id, 0)}/resolve`, 'Grace').catch(() => undefined)

  const attemptsOf = async (replica: OrchestratorUnderTest, id: InvocationId) =>
    (await replica.invocation(id)).attempts

  describe.concurrent('with two replicas', () => {
    it('1: the bringer of news dies after its append: the news is on the agenda all the same', () =>
      onStage(async (system, first) => {
        const id = await send(first, 'approval/send', 'trace 1')
        await suspended(first, id)
        const bringer = await system.start()
        await bringer.plan({ point: 'append.after', subject: id, action: 'kill' })

        expect(await resolve(bringer, id)).toBeUndefined()
        await bringer.died()
        expect(await attemptsOf(first, id)).toBe(2)
        expect((await first.outputOf(id)).body).toBe('Grace')
        expect(witness.effects('trace 1/')).toEqual({ 'trace 1/act': 1, 'trace 1/ask': 1 })
      }))

    it('16: the bringer loses its lease between watch and append, appends, and dies', () =>
      onStage(async (system, first) => {
        const id = await send(first, 'approval/send', 'trace 16')
        await suspended(first, id)
        const bringer = await system.start()
        await bringer.plan(
          { point: 'append.before', subject: id, action: 'hold' },
          { point: 'append.after', subject: id, action: 'kill' },
        )
        const answer = resolve(bringer, id)
        await eventually('its watch is written', () => bringer.reached.length > 0)
        bringer.freeze()
        await first.plan({ point: 'agenda.after-flush', action: 'tell' })
        await eventually('its lease is over', () => first.output.includes('taken for dead'))
        // The other one looks at what it took over, and finds nothing to do.
        await eventually('its watch is looked at', () => first.reached.length > 0)
        expect(await attemptsOf(first, id)).toBe(1)

        bringer.release()
        bringer.thaw()
        expect(await answer).toBeUndefined()
        expect(await attemptsOf(first, id)).toBe(2)

        // Nobody answered, so whoever brought the news brings it again. It is there; now it is watched.
        expect((await resolve(first, id))?.status).toBe(409)
        expect((await first.outputOf(id)).body).toBe('Grace')
        expect(witness.effects('trace 16')).toEqual({ 'trace 16/act': 1, 'trace 16/ask': 1 })
      }))
  })

  describe.concurrent('with one replica', () => {
    it('10: two hundred timers due at once at a concurrency of ten make two attempts each, no more', () =>
      onStage(
        async (system, first) => {
          const time = Date.now() + 6_000
          const ids = await Promise.all(
            Array.from({ length: 200 }, () => send(first, 'napUntil/send', time)),
          )
          const outputs = await Promise.all(ids.map((id) => first.outputOf(id)))
          expect(new Set(outputs.map(({ body }) => body))).toEqual(new Set([1]))
          const attempts = await Promise.all(ids.map((id) => attemptsOf(first, id)))
          expect(new Set(attempts)).toEqual(new Set([2]))
          const { invocations, peakConcurrent, throttles } = system.lambda.statistics('steps')
          expect({ invocations, throttles }).toEqual({ invocations: 400, throttles: 0 })
          expect(peakConcurrent).toBeLessThanOrEqual(10)
        },
        { limits: { perFunction: 10 } },
        { concurrentPerProcess: 10 },
      ))

    it('13: a completion that comes before its op is kept for it', () =>
      onStage(async (_system, first) => {
        const headers = { 'idempotency-key': 'early bird' }
        const id = deriveInvocationId('steps', ['key', 'approval', 'early bird'])
        expect(await send(first, 'approval/send?delay=4s', 'trace 13', headers)).toBe(id)
        expect((await resolve(first, id))?.status).toBe(204)
        expect(await attemptsOf(first, id)).toBe(0)
        expect((await resolve(first, id))?.status).toBe(409)

        expect((await first.outputOf(id)).body).toBe('Grace')
        expect(await attemptsOf(first, id)).toBe(1)
      }))

    it('13: a click on an id that was mailed by the very step that runs is taken at once', () =>
      onStage(async (_system, first) => {
        const id = await send(first, 'early/send', 'clicked')
        expect(await witness.effect('clicked/ask')).toBe(awakeableId(id, 0))
        expect((await resolve(first, id))?.status).toBe(204)
        witness.open('clicked')
        expect((await first.outputOf(id)).body).toBe('Grace')
        expect(witness.effects('clicked')).toEqual({ 'clicked/ask': 1 })
      }))
  })
})
