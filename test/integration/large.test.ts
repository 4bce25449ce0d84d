import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startDynamoDbLocal } from '../support/real-parts/dynamodb-local.ts'
import { requirePart } from '../support/real-parts/require-part.ts'
import { type Functions, type Transport, transports } from './support/functions.ts'
import type { OrchestratorUnderTest } from './support/orchestrator-under-test.ts'
import { createSystem, eventually, type System } from './support/system.ts'

const ten = (count: number) => Array.from({ length: count }, () => true)

requirePart('dynamodb-local')('what is large', () => {
  describe.each(transports)('over %s, a journal', journals)
})

function journals(transport: Transport): void {
  let database: Awaited<ReturnType<typeof startDynamoDbLocal>>
  let system: System
  let orchestrator: OrchestratorUnderTest
  let functions: Functions

  beforeAll(async () => {
    database = await startDynamoDbLocal()
    system = await createSystem({ dynamodb: database.endpoint })
    orchestrator = await system.start()
    functions = await system.register(orchestrator, 'steps', { transport })
  })

  afterAll(async () => {
    await system?.close()
    await database?.stop()
  })

  async function send(handler: string, input: unknown): Promise<InvocationId> {
    const { body } = await orchestrator.call(`steps/${handler}/send`, input)
    return (body as { invocationId: InvocationId }).invocationId
  }

  // A server that dies stays dead: nobody here starts it again.
  it.runIf(transport === 'lambda')(
    'of a thousand steps and 20 MB is run to its end, through a crash and a suspension',
    async () => {
      const id = await send('heavy', { count: 1_000, length: 20_000, diesAt: 600 })
      expect((await orchestrator.outputOf(id)).body).toBe(true)
      const { attempts, ops } = await orchestrator.invocation(id)
      expect(ops).toBe(1_001)
      expect(attempts).toBeGreaterThanOrEqual(3)
    },
  )

  it.runIf(transport === 'http')('of 8 MB is read again after a suspension', async () => {
    const id = await send('heavy', { count: 400, length: 20_000, diesAt: -1 })
    expect((await orchestrator.outputOf(id)).body).toBe(true)
    expect((await orchestrator.invocation(id)).attempts).toBe(2)
  })

  it.runIf(transport === 'lambda')(
    'takes three results of 200 KB at once, in segments that fit (trace 14)',
    async () => {
      const id = await send('large', { count: 3, length: 200_000, atOnce: true })
      expect((await orchestrator.outputOf(id)).body).toEqual(ten(3))
      const journal = await orchestrator.journal(id)
      const sizes = journal.map((segment) => JSON.stringify(segment).length)
      expect(Math.max(...sizes)).toBeLessThan(310_000)
      expect(sizes.reduce((sum, size) => sum + size)).toBeGreaterThan(600_000)
    },
  )

  it.runIf(transport === 'lambda')('of 4 MB is sent along with the next attempt', async () => {
    const id = await send('large', { count: 20, length: 200_000, atOnce: false })
    expect((await orchestrator.outputOf(id)).body).toEqual(ten(20))
    expect((await orchestrator.invocation(id)).attempts).toBe(2)
  })

  it.each([
    ['an output', 'answer', 1_000_000],
    ['a result of a step', 'large', { count: 2, length: 1_000_000, atOnce: false }],
  ])(
    'pauses when it is to take %s that no segment can hold, and says so',
    async (_, handler, input) => {
      const before = functions.invocations()
      const id = await send(handler, input)
      const view = await eventually('it has ended', async () => {
        const now = await orchestrator.invocation(id)
        return now.status === 'running' || now.status === 'queued' ? undefined : now
      })
      expect(view).toMatchObject({ status: 'paused', failure: { code: 'segment-too-large' } })
      // Nothing is tried again that cannot get better, and nothing of it keeps others from running.
      expect(functions.invocations()).toBe(before + 1)
      expect((await orchestrator.call('steps/many', 3)).body).toBe(3)
    },
  )
}
