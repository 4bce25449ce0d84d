import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startDynamoDbLocal } from '../support/real-parts/dynamodb-local.ts'
import { requirePart } from '../support/real-parts/require-part.ts'
import { type Functions, transports } from './support/functions.ts'
import type { OrchestratorUnderTest } from './support/orchestrator-under-test.ts'
import { createSystem, eventually, type RegisterOptions, type System } from './support/system.ts'
import { openWitness, type Witness } from './support/witness.ts'

/** Short times, few shards: what is tested is what happens, not when. */
const config = { agenda: { shards: 8 }, attempt: { aliveAfterMs: 2_000, coldStartMarginMs: 5_000 } }

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
    readonly functions: Functions
    send(handler: string, input: unknown): Promise<InvocationId>
  }

  async function onStage(
    act: (stage: Stage) => Promise<void>,
    options: RegisterOptions = {},
  ): Promise<void> {
    const environment = { WITNESS_URL: witness.url }
    const system = await createSystem({
      dynamodb: database.endpoint,
      config,
      environment,
      isRecorded: true,
    })
    try {
      const orchestrator = await system.start()
      const functions = await system.register(orchestrator, 'steps', options)
      await act({
        system,
        orchestrator,
        functions,
        send: (handler, input) =>
          eventually(`${handler} is accepted`, async () => {
            const { status, body } = await orchestrator.call(`steps/${handler}/send`, input)
            return status === 202
              ? (body as { invocationId: InvocationId }).invocationId
              : undefined
          }),
      })
      await system.expectSound()
    } finally {
      await system.close()
    }
  }

  const begun = ({ orchestrator }: Stage, id: InvocationId, attempts: number) =>
    eventually(
      `attempt ${attempts} begins`,
      async () => (await orchestrator.invocation(id)).attempts >= attempts,
    )

  const idle = ({ functions }: Stage) =>
    eventually('the function is idle', () => functions.running() === 0)

  describe.concurrent.each(transports)('over %s, a zombie', (transport) => {
    it('changes nothing when it wakes after another attempt took over', () =>
      onStage(
        async (stage) => {
          const { functions, orchestrator, send } = stage
          const name = `frozen ${transport}`
          const id = await send('three', name)
          await witness.arrived(name)
          await functions.freeze()
          await begun(stage, id, 2)
          witness.open(name)
          expect((await orchestrator.outputOf(id)).body).toBe(1)
          const journal = await orchestrator.journal(id)

          functions.thaw()
          await idle(stage)

          expect(functions.replies).toEqual(['completed', 'fenced'])
          expect(await orchestrator.journal(id)).toEqual(journal)
          expect(witness.effects(name)).toEqual({
            [`${name}/first`]: 1,
            [`${name}/second`]: 2,
            [`${name}/third`]: 1,
          })
        },
        { transport },
      ))

    it('changes nothing between the failure of its attempt and the next one (trace 18)', () =>
      onStage(
        async (stage) => {
          const { orchestrator, functions, send } = stage
          const name = `late ${transport}`
          const id = await send('impatient', name)
          await witness.arrived(name)
          await eventually(
            'it has failed',
            async () => (await orchestrator.invocation(id)).status === 'backing-off',
          )
          witness.open(name)
          await witness.effect(`${name}/second`)
          // A server has answered for its zombie already: it was given up in time.
          const ends = transport === 'lambda' ? ['fenced'] : []
          await eventually('the zombie is done', () => functions.replies.length >= ends.length)
          expect(functions.replies).toEqual(ends)

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
          expect(functions.replies).toEqual([...ends, 'completed'])
        },
        { transport },
      ))
  })

  describe.concurrent('a call that is delivered twice (trace 9)', () => {
    it.each(['first', 'second'] as const)(
      'has one writer, whichever the reply is of: %s',
      (reply) =>
        onStage(async (stage) => {
          const { system, functions, orchestrator, send } = stage
          const name = `twin ${reply}`
          system.lambda.injectFault('steps', { kind: 'twin', reply })
          const id = await send('three', name)
          // The first step was done by both, and one of them could append it.
          await witness.arrived(name)
          await eventually('its twin stops', () => functions.replies.includes('fenced'))
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

  describe.concurrent.each(transports)(
    'over %s, an attempt that ends without a word',
    (transport) => {
      it('costs only what was not durable when the reply is lost', () =>
        onStage(
          async ({ functions, orchestrator, send }) => {
            const name = `unheard ${transport}`
            functions.loseNextReply()
            witness.open(name)
            const id = await send('three', name)
            expect((await orchestrator.outputOf(id)).body).toBe(2)
            expect(witness.effects(name)).toEqual({
              [`${name}/first`]: 1,
              [`${name}/second`]: 1,
              [`${name}/third`]: 2,
            })
          },
          { transport },
        ))

      it('is tried again when the function is killed in mid-run', () =>
        onStage(
          async (stage) => {
            const { functions, orchestrator, send } = stage
            const name = `killed ${transport}`
            const id = await send('three', name)
            await witness.arrived(name)
            await functions.kill()
            await witness.arrived(name, 2)
            witness.open(name)
            expect((await orchestrator.outputOf(id)).body).toBe(1)
            // Lambda says that the function ended; of a server there is only a broken connection.
            const failures = { lambda: ['function-failed'], http: ['invoke-lost'] }
            expect(await failuresOf(stage, id)).toEqual(failures[transport])
            expect(witness.effects(name)).toMatchObject({
              [`${name}/first`]: 1,
              [`${name}/second`]: 1,
            })
          },
          { transport },
        ))
    },
  )

  describe.concurrent('a function of Lambda', () => {
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
        { timeoutMs: 5_000 },
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
