import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startDynamoDbLocal } from '../support/real-parts/dynamodb-local.ts'
import { requirePart } from '../support/real-parts/require-part.ts'
import type { OrchestratorUnderTest } from './support/orchestrator-under-test.ts'
import { createSystem, eventually, type System } from './support/system.ts'
import { openWitness, type Witness } from './support/witness.ts'

/** Nobody who lives is taken for dead, though the machine stands still for a while. */
const unhurried = { agenda: { leaseMs: 10_000 }, attempt: { coldStartMarginMs: 5_000 } }

requirePart('dynamodb-local')('when a replica ends', () => {
  let database: Awaited<ReturnType<typeof startDynamoDbLocal>>
  let witness: Witness

  beforeAll(async () => {
    ;[database, witness] = await Promise.all([startDynamoDbLocal(), openWitness()])
  })

  afterAll(async () => {
    await witness?.close()
    await database?.stop()
  })

  /** Two replicas with their usual times, and functions of their own. */
  async function withTwo(
    act: (
      system: System,
      first: OrchestratorUnderTest,
      second: OrchestratorUnderTest,
    ) => Promise<void>,
    config: object = {},
  ): Promise<void> {
    const environment = { WITNESS_URL: witness.url }
    const system = await createSystem({
      dynamodb: database.endpoint,
      environment,
      config,
      isRecorded: true,
    })
    try {
      const [first, second] = await Promise.all([system.start(), system.start()])
      await first.post('deployments', { arn: system.deploy('steps') })
      system.lambda.resetStatistics('steps')
      await act(system, first, second)
      await system.expectSound()
    } finally {
      await system.close()
    }
  }

  async function send(replica: OrchestratorUnderTest, path: string, input: unknown, to = 'steps') {
    return eventually(`${path} is accepted`, async () => {
      const { status, body } = await replica.call(`${to}/${path}/send`, input)
      return status === 202 ? (body as { invocationId: InvocationId }).invocationId : undefined
    })
  }

  /** Measured alone. A machine that stands still for a second takes longer once, but not each time. */
  it('killed, its work goes on elsewhere within ten seconds', async () => {
    const took: number[] = []
    while (took.length < 5 && Math.min(...took) >= 10_000) took.push(await takeOver(took.length))
    expect(Math.min(...took)).toBeLessThan(10_000)
  })

  async function takeOver(nth: number): Promise<number> {
    const name = `short ${nth}`
    let tookMs = Number.POSITIVE_INFINITY
    await withTwo(async (_system, first, second) => {
      const id = await send(first, 'held', name)
      await witness.arrived(name)
      await first.kill()
      const killedAt = performance.now()
      // The function ends, and nobody is there to hear of it.
      witness.open(name)

      expect((await second.outputOf(id)).body).toBe(2)
      tookMs = performance.now() - killedAt
      expect(witness.effects(name)).toEqual({ [name]: 2 })
    })
    return tookMs
  }

  describe.concurrent('in whatever way', () => {
    it('killed, its long step that is still alive is not run twice', () =>
      withTwo(async (system, first, second) => {
        const silent = await system.register(first, 'carts')
        const id = await send(first, 'held', 'long')
        await witness.arrived('long')
        await aliveIn(second, id)
        const other = await send(first, 'any/crash', 'silent', 'carts')
        await witness.arrived('crash silent')
        await first.kill()
        await silent.kill()
        // It was adopted at the same time, has been found dead since, and was run again.
        expect((await second.outputOf(other)).body).toBe('silent')
        witness.open('long')

        expect((await second.outputOf(id)).body).toBe(1)
        expect(witness.effects('long')).toEqual({ long: 1 })
        expect(system.lambda.statistics('steps').invocations).toBe(1)
        expect((await second.invocation(id)).attempts).toBe(1)
      }))

    it('killed, and it was the only one, the next to start goes on with everything', async () => {
      const environment = { WITNESS_URL: witness.url }
      const system = await createSystem({ dynamodb: database.endpoint, environment })
      try {
        const first = await system.start()
        await first.post('deployments', { arn: system.deploy('steps') })
        const running = await send(first, 'held', 'left running')
        const sleeping = await send(first, 'nap', { name: 'left sleeping', ms: 8_000 })
        const waiting = await send(first, 'approval', 'left waiting')
        await witness.arrived('left running')
        await eventually('the others wait', async () =>
          (await Promise.all([sleeping, waiting].map((id) => first.invocation(id)))).every(
            ({ status }) => status === 'suspended',
          ),
        )
        await first.kill()
        witness.open('left running')

        const next = await system.start()
        expect((await next.call(`awakeables/${waiting}.0/resolve`, 'Grace')).status).toBe(204)
        const ids = [running, sleeping, waiting]
        const outputs = await Promise.all(ids.map((id) => next.outputOf(id)))
        // Nobody heard of its end, unless it had been under way for so long that it writes by itself.
        const times = Object.values(witness.effects('left running'))
        expect(outputs.map(({ body }) => body)).toEqual([...times, 1, 'Grace'])
      } finally {
        await system.close()
      }
    })

    it('stopped, it finishes what is short, hands the rest over at once, and says that all went well', () =>
      withTwo(async (system, first, second) => {
        const short = await send(first, 'held', 'finishes')
        const nap = await send(first, 'nap', { name: 'wakes elsewhere', ms: 8_000 })
        await witness.arrived('finishes')
        await eventually(
          'one sleeps',
          async () => (await second.invocation(nap)).status === 'suspended',
        )

        const stopped = first.stop()
        await eventually(
          'it takes nothing new',
          async () => (await first.get('ready').catch(() => undefined))?.status !== 200,
        )
        witness.open('finishes')

        expect(await stopped).toBe(0)
        expect((await second.outputOf(short)).body).toBe(1)
        expect((await second.outputOf(nap)).body).toBe(1)
        expect((await second.invocation(short)).attempts).toBe(1)
        expect(system.lambda.statistics('steps').invocations).toBe(3)
        // Nobody had to wait for a lease to run out.
        expect(second.output).not.toContain('taken for dead')
      }, unhurried))

    it('stopped, its step that takes longer than it may wait goes on under another replica', () =>
      withTwo(
        async (_system, first, second) => {
          const id = await send(first, 'held', 'outlives')
          await witness.arrived('outlives')
          expect(await first.stop()).toBe(0)
          await aliveIn(second, id)
          witness.open('outlives')

          expect((await second.outputOf(id)).body).toBe(1)
          expect((await second.invocation(id)).attempts).toBe(1)
        },
        { ...unhurried, shutdownMs: 200 },
      ))
  })

  it('both replicas are replaced under a stream of invocations, and nothing is lost or done twice', () =>
    withTwo(async (system, first, second) => {
      const replicas = [first, second]
      const done: Promise<unknown>[] = []
      let streaming = true
      const stream = async () => {
        while (streaming) {
          const name = `stream ${done.length}`
          const output = callAnywhere(replicas, 'nap', { name, ms: 200 }, name)
          done.push(output)
          await output
        }
      }
      const streamed = Promise.all([stream(), stream(), stream()])
      for (const old of [first, second]) {
        replicas.push(await system.start())
        expect(await old.stop()).toBe(0)
        replicas.splice(replicas.indexOf(old), 1)
      }
      streaming = false
      await streamed

      expect(new Set(await Promise.all(done))).toEqual(new Set([1]))
      expect(Object.values(witness.effects('stream')).filter((times) => times > 1)).toEqual([])
      expect(Object.keys(witness.effects('stream'))).toHaveLength(done.length)
    }, unhurried))
})

/** As a client behind a load balancer: one key, asked again until there is an output. */
async function callAnywhere(
  replicas: readonly OrchestratorUnderTest[],
  handler: string,
  input: unknown,
  key: string,
): Promise<unknown> {
  return eventually(
    `an output for ${key}`,
    async () => {
      const replica = replicas[Math.floor(Math.random() * replicas.length)]
      const answer = await replica
        ?.call(`steps/${handler}`, input, { 'idempotency-key': key })
        .catch(() => undefined)
      return answer?.status === 200 ? answer.body : undefined
    },
    60_000,
  )
}

/** Resolves when the attempt has shown in its journal that it goes on. */
async function aliveIn(replica: OrchestratorUnderTest, id: InvocationId): Promise<void> {
  await eventually('it shows that it is alive', async () =>
    (await replica.journal(id)).some(({ entries }) => entries.some(({ kind }) => kind === 'alive')),
  )
}
