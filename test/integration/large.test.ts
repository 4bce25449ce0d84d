import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startDynamoDbLocal } from '../support/real-parts/dynamodb-local.ts'
import { requirePart } from '../support/real-parts/require-part.ts'
import type { OrchestratorUnderTest } from './support/orchestrator-under-test.ts'
import { createSystem, eventually, type System } from './support/system.ts'

const ten = (count: number) => Array.from({ length: count }, () => true)

requirePart('dynamodb-local')('a journal', () => {
  let database: Awaited<ReturnType<typeof startDynamoDbLocal>>
  let system: System
  let orchestrator: OrchestratorUnderTest

  beforeAll(async () => {
    database = await startDynamoDbLocal()
    system = await createSystem({ dynamodb: database.endpoint })
    orchestrator = await system.start()
    await orchestrator.post('deployments', { arn: system.deploy('steps') })
  })

  afterAll(async () => {
    await system?.close()
    await database?.stop()
  })

  async function send(handler: string, input: unknown): Promise<InvocationId> {
    const { body } = await orchestrator.call(`steps/${handler}/send`, input)
    return (body as { invocationId: InvocationId }).invocationId
  }

  it('of a thousand steps is run to its end in one attempt', async () => {
    const id = await send('many', 1_000)
    expect((await orchestrator.outputOf(id)).body).toBe(499_500)
    expect(await orchestrator.invocation(id)).toMatchObject({ attempts: 1, ops: 1_000 })
  })

  it('takes three results of 200 KB at once, in segments that fit (trace 14)', async () => {
    const id = await send('large', { count: 3, length: 200_000, atOnce: true })
    expect((await orchestrator.outputOf(id)).body).toEqual(ten(3))
    const journal = await orchestrator.journal(id)
    const sizes = journal.map((segment) => JSON.stringify(segment).length)
    expect(Math.max(...sizes)).toBeLessThan(310_000)
    expect(sizes.reduce((sum, size) => sum + size)).toBeGreaterThan(600_000)
  })

  it('of 4 MB is sent along with the next attempt', async () => {
    const id = await send('large', { count: 20, length: 200_000, atOnce: false })
    expect((await orchestrator.outputOf(id)).body).toEqual(ten(20))
    expect((await orchestrator.invocation(id)).attempts).toBe(2)
  })

  it('of 8 MB is more than a request carries: the handler reads the rest itself', async () => {
    const id = await send('large', { count: 40, length: 200_000, atOnce: false })
    expect((await orchestrator.outputOf(id)).body).toEqual(ten(40))
    expect((await orchestrator.invocation(id)).attempts).toBe(2)
  })

  it.each([
    ['an output', 'answer', 1_000_000],
    ['a result of a step', 'large', { count: 2, length: 1_000_000, atOnce: false }],
  ])(
    'pauses when it is to take %s that no segment can hold, and says so',
    async (_, handler, input) => {
      const before = system.lambda.statistics('steps').invocations
      const id = await send(handler, input)
      const view = await eventually('it has ended', async () => {
        const now = await orchestrator.invocation(id)
        return now.status === 'running' || now.status === 'queued' ? undefined : now
      })
      expect(view).toMatchObject({ status: 'paused', failure: { code: 'segment-too-large' } })
      // Nothing is tried again that cannot get better, and nothing of it keeps others from running.
      expect(system.lambda.statistics('steps').invocations).toBe(before + 1)
      expect((await orchestrator.call('steps/many', 3)).body).toBe(3)
    },
  )
})
