import { decodeInvokeReply, type InvocationId } from '@fermata/lambda-runtime/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startDynamoDbLocal } from '../support/real-parts/dynamodb-local.ts'
import { requirePart } from '../support/real-parts/require-part.ts'
import type { OrchestratorUnderTest } from './support/orchestrator-under-test.ts'
import { createSystem, eventually, type System } from './support/system.ts'
import { openWitness, type Witness } from './support/witness.ts'

/** Short times, few shards: what is tested is what happens, not when. */
const config = { agenda: { shards: 8 }, attempt: { aliveAfterMs: 2_000, coldStartMarginMs: 1_000 } }

requirePart('dynamodb-local')('a function that does not do as it should', () => {
  let database: Awaited<ReturnType<typeof startDynamoDbLocal>>
  let witness: Witness

  beforeAll(async () => {
    ;[database, witness] = await Promise.all([startDynamoDbLocal(), openWitness()])
  })

  afterAll(async () => {
    await witness?.close()
    await database?.stop()
  })

  type Stage = {
    readonly system: System
    readonly orchestrator: OrchestratorUnderTest
    send(handler: string, input: unknown): Promise<InvocationId>
    /** How the function's calls ended, in that order. */
    readonly replies: readonly string[]
  }

  async function onStage(
    act: (stage: Stage) => Promise<void>,
    deploy: Parameters<System['deploy']>[1] = {},
  ): Promise<void> {
    const environment = { WITNESS_URL: witness.url }
    const system = await createSystem({ dynamodb: database.endpoint, config, environment })
    try {
      const orchestrator = await system.start()
      await orchestrator.post('deployments', { arn: system.deploy('steps', deploy) })
      system.lambda.resetStatistics('steps')
      await act({
        system,
        orchestrator,
        replies: repliesOf(system),
        send: (handler, input) =>
          eventually(`${handler} is accepted`, async () => {
            const { status, body } = await orchestrator.call(`steps/${handler}/send`, input)
            return status === 202
              ? (body as { invocationId: InvocationId }).invocationId
              : undefined
          }),
      })
    } finally {
      await system.close()
    }
  }

  const begun = ({ orchestrator }: Stage, id: InvocationId, attempts: number) =>
    eventually(
      `attempt ${attempts} begins`,
      async () => (await orchestrator.invocation(id)).attempts >= attempts,
    )

  const idle = ({ system }: Stage) =>
    eventually('the function is idle', () => system.lambda.running('steps').length === 0)

  describe.concurrent('a zombie', () => {
    it('changes nothing when it wakes after another attempt took over', () =>
      onStage(async (stage) => {
        const { system, orchestrator, send } = stage
        const id = await send('three', 'frozen')
        await witness.arrived('frozen')
        system.lambda.freeze('steps')
        system.lambda.disconnect('steps')
        await begun(stage, id, 2)
        witness.open('frozen')
        expect((await orchestrator.outputOf(id)).body).toBe(1)
        const journal = await orchestrator.journal(id)

        system.lambda.thaw('steps')
        await idle(stage)

        expect(stage.replies).toEqual(['completed', 'fenced'])
        expect(await orchestrator.journal(id)).toEqual(journal)
        expect(witness.effects('frozen')).toEqual({
          'frozen/first': 1,
          'frozen/second': 2,
          'frozen/third': 1,
        })
      }))

    it('changes nothing between the failure of its attempt and the next one (trace 18)', () =>
      onStage(async (stage) => {
        const { orchestrator, send } = stage
        const id = await send('impatient', 'late')
        await witness.arrived('late')
        await eventually(
          'it has failed',
          async () => (await orchestrator.invocation(id)).status === 'backing-off',
        )
        witness.open('late')
        await eventually('the zombie is done', () => stage.replies.length > 0)
        expect(stage.replies).toEqual(['fenced'])

        expect((await orchestrator.outputOf(id)).body).toBe(1)
        const journal = await orchestrator.journal(id)
        expect(journal.map(({ by, epoch, entries }) => [by, epoch, kinds(entries)])).toEqual([
          ['orchestrator', 1, 'created attempt'],
          ['handler', 1, 'run'],
          ['orchestrator', 1, 'attempt-failed'],
          ['orchestrator', 1, 'attempt'],
          ['handler', 2, 'run'],
          ['handler', 2, 'run output'],
        ])
      }))
  })

  describe.concurrent('a call that is delivered twice (trace 9)', () => {
    it.each(['first', 'second'] as const)(
      'has one writer, whichever the reply is of: %s',
      (reply) =>
        onStage(async (stage) => {
          const { system, orchestrator, send } = stage
          const name = `twin ${reply}`
          system.lambda.injectFault('steps', { kind: 'twin', reply })
          const id = await send('three', name)
          // The first step was done by both, and one of them could append it.
          await witness.arrived(name)
          await eventually('its twin stops', () => stage.replies.includes('fenced'))
          witness.open(name)

          expect((await orchestrator.outputOf(id)).status).toBe(200)
          await idle(stage)
          const journal = await orchestrator.journal(id)
          const writers = journal.filter(({ by, epoch }) => by === 'handler' && epoch === 1)
          expect(new Set(writers.map(({ writer }) => writer)).size).toBe(1)
          expect(witness.effects(name)).toMatchObject({
            [`${name}/first`]: 2,
            [`${name}/second`]: 1,
          })
        }),
    )
  })

  describe.concurrent('an attempt that ends without a word', () => {
    it('costs only what was not durable when the reply is lost', () =>
      onStage(async (stage) => {
        const { system, orchestrator, send } = stage
        system.lambda.injectFault('steps', { kind: 'drop-reply' })
        witness.open('unheard')
        const id = await send('three', 'unheard')
        expect((await orchestrator.outputOf(id)).body).toBe(2)
        expect(witness.effects('unheard')).toEqual({
          'unheard/first': 1,
          'unheard/second': 1,
          'unheard/third': 2,
        })
      }))

    it('is tried again when the function is killed in mid-run', () =>
      onStage(async (stage) => {
        const { system, orchestrator, send } = stage
        const id = await send('three', 'killed')
        await witness.arrived('killed')
        system.lambda.kill('steps')
        await witness.arrived('killed', 2)
        witness.open('killed')
        expect((await orchestrator.outputOf(id)).body).toBe(1)
        expect(await failuresOf(stage, id)).toEqual(['function-failed'])
        expect(witness.effects('killed')).toMatchObject({ 'killed/first': 1, 'killed/second': 1 })
      }))

    it('is tried again when the function runs into its timeout', () =>
      onStage(
        async (stage) => {
          const { orchestrator, send } = stage
          const id = await send('three', 'slow')
          await witness.arrived('slow', 2)
          witness.open('slow')
          expect((await orchestrator.outputOf(id)).body).toBe(1)
          expect(await failuresOf(stage, id)).toContain('function-timed-out')
          expect(witness.effects('slow')['slow/first']).toBe(1)
        },
        { timeoutMs: 2_000 },
      ))
  })

  describe.concurrent('throttling', () => {
    it('consumes no attempt', () =>
      onStage(async (stage) => {
        const { system, orchestrator, send } = stage
        system.lambda.setConcurrency('steps', 0)
        const id = await send('quick', 'throttled')
        await eventually(
          'it is throttled again and again',
          () => system.lambda.statistics('steps').throttles >= 3,
        )
        system.lambda.setConcurrency('steps', Number.POSITIVE_INFINITY)
        expect((await orchestrator.outputOf(id)).body).toBe(1)
        expect((await orchestrator.journal(id)).map(({ entries }) => kinds(entries))).toEqual([
          'created attempt',
          'run output',
        ])
      }))

    it('lowers what runs at once, until it fits, and then everything gets through', () =>
      onStage(
        async (stage) => {
          const { system, orchestrator, send } = stage
          const names = Array.from({ length: 30 }, (_, n) => `crowd ${n}`)
          const ids = await Promise.all(names.map((name) => send('quick', name)))
          const outputs = await Promise.all(ids.map((id) => orchestrator.outputOf(id)))
          expect(outputs.map(({ body }) => body)).toEqual(names.map(() => 1))
          const { invocations, throttles, peakConcurrent } = system.lambda.statistics('steps')
          expect(invocations).toBe(30)
          expect(peakConcurrent).toBe(2)
          // Each of the 28 is refused at first, and again after 0.1, 0.2, 0.4 … s: a few times, not all the time.
          expect(throttles).toBeLessThan(28 * 8)
        },
        { concurrency: 2 },
      ))
  })

  async function failuresOf({ orchestrator }: Stage, id: InvocationId): Promise<readonly string[]> {
    const entries = (await orchestrator.journal(id)).flatMap((segment) => segment.entries)
    return entries.flatMap((entry) => (entry.kind === 'attempt-failed' ? [entry.failure.code] : []))
  }
})

const kinds = (entries: readonly { readonly kind: string }[]): string =>
  entries.map(({ kind }) => kind).join(' ')

function repliesOf(system: System): readonly string[] {
  const replies: string[] = []
  system.lambda.events.on('invokeEnded', ({ outcome }) => {
    if (outcome.kind === 'returned') {
      replies.push(decodeInvokeReply(JSON.parse(outcome.payload)).status.kind)
    }
  })
  return replies
}
