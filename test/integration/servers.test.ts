import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startDynamoDbLocal } from '../support/real-parts/dynamodb-local.ts'
import { requirePart } from '../support/real-parts/require-part.ts'
import type { OrchestratorUnderTest } from './support/orchestrator-under-test.ts'
import { createSystem, eventually, type System } from './support/system.ts'
import { openWitness, type Witness } from './support/witness.ts'

/** Short times, few shards: what is tested is what happens, not when. */
const config = { agenda: { shards: 8 }, attempt: { aliveAfterMs: 2_000, coldStartMarginMs: 5_000 } }

const pair = generateKeyPairSync('ed25519')
const pem = (key: KeyObject, type: 'pkcs8' | 'spki') =>
  key.export({ type, format: 'pem' }).toString()
const identity = { privateKey: pem(pair.privateKey, 'pkcs8') }
const publicKeys = [pem(pair.publicKey, 'spki')]

/** What only servers have; the rest is the same over both transports, and tested there. */
requirePart('dynamodb-local')('handlers on a server', () => {
  let database: Awaited<ReturnType<typeof startDynamoDbLocal>>
  let witness: Witness

  beforeAll(async () => {
    ;[database, witness] = await Promise.all([startDynamoDbLocal(), openWitness()])
  })

  afterAll(async () => {
    await witness?.close()
    await database?.stop()
  })

  async function withReplica(
    act: (system: System, replica: OrchestratorUnderTest) => Promise<void>,
    own: object = {},
  ): Promise<void> {
    const environment = { WITNESS_URL: witness.url }
    const system = await createSystem({
      dynamodb: database.endpoint,
      config: { ...config, ...own },
      environment,
    })
    try {
      await act(system, await system.start())
    } finally {
      await system.close()
    }
  }

  async function send(replica: OrchestratorUnderTest, path: string, input: unknown) {
    const { body } = await replica.call(`${path}/send`, input)
    return (body as { invocationId: InvocationId }).invocationId
  }

  describe.concurrent('that', () => {
    it('takes signed requests only works with its orchestrator, and with no other', () =>
      withReplica(
        async (system, replica) => {
          const server = { identity: { publicKeys } }
          const { registration } = await system.serve(replica, 'basics', { server })
          expect((await replica.call('basics/caller', 'Ada')).body).toBe('Hello, Ada!')
          expect((await replica.get('identity')).body).toMatchObject({
            algorithm: 'EdDSA',
            pem: publicKeys[0],
          })

          const stranger = await system.start({
            config: { table: 'elsewhere', identity: undefined },
          })
          expect((await stranger.get('identity')).body).toEqual({ algorithm: 'none' })
          expect(await stranger.post('deployments', registration)).toMatchObject({
            status: 502,
            body: {
              code: 'deployment-unreachable',
              detail: expect.stringContaining('take signed requests only'),
            },
          })
        },
        { identity },
      ))

    it('is stopped hands its long work over between two steps, and costs no attempt', () =>
      withReplica(async (system, replica) => {
        const functions = await system.serve(replica, 'steps')
        const id = await send(replica, 'steps/three', 'handed over')
        await witness.arrived('handed over')

        const stopped = functions.stop()
        witness.open('handed over')
        expect(await stopped).toBe(0)
        await functions.boot()

        expect((await replica.outputOf(id)).body).toBe(1)
        expect(functions.replies).toEqual(['suspended', 'completed'])
        const entries = (await replica.journal(id)).flatMap((segment) => segment.entries)
        expect(entries.map(({ kind }) => kind)).not.toContain('attempt-failed')
        expect(witness.effects('handed over')).toEqual({
          'handed over/first': 1,
          'handed over/second': 1,
          'handed over/third': 1,
        })
      }))

    it('is not there is waited for', () =>
      withReplica(async (system, replica) => {
        const functions = await system.serve(replica, 'steps')
        await functions.stop()
        const id = await send(replica, 'steps/quick', 'later')
        await eventually('it was tried', () => functions.refused() > 0)
        await functions.boot()
        expect((await replica.outputOf(id)).body).toBe(1)
        expect((await replica.invocation(id)).attempts).toBe(1)
      }))

    it('dies in each attempt is not tried for ever: that is a failure, and its retry policy decides', () =>
      withReplica(
        async (system, replica) => {
          const functions = await system.serve(replica, 'steps')
          const id = await send(replica, 'steps/held', 'deadly')
          for (const attempt of [1, 2]) {
            await eventually(
              `attempt ${attempt} is at its step`,
              () => witness.effects('deadly')['deadly'] === attempt,
            )
            await functions.kill()
          }
          expect(await replica.outputOf(id)).toMatchObject({
            status: 500,
            body: { code: 'invoke-lost' },
          })
          expect(functions.invocations()).toBe(2)
        },
        { retry: { maxAttempts: 2, onExhaustion: 'fail' } },
      ))

    it('goes on with a long step while its orchestrator is replaced', () =>
      withReplica(async (system, first) => {
        const second = await system.start()
        const functions = await system.serve(first, 'steps')
        const id = await send(first, 'steps/held', 'outlives')
        await witness.arrived('outlives')
        await eventually('it shows that it is alive', async () =>
          (await second.journal(id)).some(({ entries }) =>
            entries.some(({ kind }) => kind === 'alive'),
          ),
        )
        await first.kill()
        await eventually('its work is taken over', () => second.output.includes('taken for dead'))
        witness.open('outlives')

        expect((await second.outputOf(id)).body).toBe(1)
        expect(functions.invocations()).toBe(1)
        expect(witness.effects('outlives')).toEqual({ outlives: 1 })
      }))
  })
})
