import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startDynamoDbLocal } from '../support/real-parts/dynamodb-local.ts'
import { requirePart } from '../support/real-parts/require-part.ts'
import { type FunctionMeter, meterFunctions } from './support/function-meter.ts'
import { type Functions, transports } from './support/functions.ts'
import type { OrchestratorUnderTest } from './support/orchestrator-under-test.ts'
import { createSystem, eventually, type System } from './support/system.ts'

/** What one call of a handler cost, all told. */
type Cost = {
  readonly invokes: number
  readonly journalUnits: number
  readonly functionRequests: number
  readonly output: unknown
}

requirePart('dynamodb-local')('what an invocation costs, as all count it', () => {
  describe.each(transports)('over %s', costs)
})

function costs(transport: (typeof transports)[number]): void {
  let database: Awaited<ReturnType<typeof startDynamoDbLocal>>
  let meter: FunctionMeter
  let system: System
  let orchestrator: OrchestratorUnderTest
  let functions: Functions

  beforeAll(async () => {
    database = await startDynamoDbLocal()
    meter = await meterFunctions(database.endpoint)
    system = await createSystem({ dynamodb: meter.endpoint })
    orchestrator = await system.start()
    functions = await system.register(orchestrator, 'basics', { transport })
  })

  afterAll(async () => {
    await system?.close()
    await meter?.close()
    await database?.stop()
  })

  async function spent() {
    const { units, sentBytes } = await orchestrator.meter()
    return {
      invokes: functions.invocations(),
      journalUnits: (units['journal'] ?? 0) + meter.units(),
      functionRequests: meter.requests(),
      sentBytes,
    }
  }

  /** Calls a handler alone, and waits until all that it caused is written. */
  async function costOf(path: string, input: unknown): Promise<Cost> {
    const before = await spent()
    const { body, headers } = await orchestrator.call(path, input)
    const id = headers.get('x-fermata-invocation-id') as InvocationId
    await eventually(
      'it is closed',
      async () => (await orchestrator.invocation(id)).status === 'completed',
    )
    const after = await spent()
    return {
      invokes: after.invokes - before.invokes,
      journalUnits: after.journalUnits - before.journalUnits,
      functionRequests: after.functionRequests - before.functionRequests,
      output: body,
    }
  }

  it('one step is one call of the function, two write units, and no connection from the function', async () => {
    expect(await costOf('basics/steps', 1)).toEqual({
      invokes: 1,
      journalUnits: 2,
      functionRequests: 0,
      output: 0,
    })
  })

  it('ten sequential steps are one call of the function and eleven write units', async () => {
    expect(await costOf('basics/steps', 10)).toEqual({
      invokes: 1,
      journalUnits: 11,
      functionRequests: 9,
      output: 45,
    })
  })

  it('a sleep adds one call of the function and two write units', async () => {
    const cost = await costOf('basics/nap', 300)
    expect(cost).toMatchObject({ invokes: 2, journalUnits: 4, output: 'rested' })
  })

  it('a call adds two write units to the caller and has two of its own', async () => {
    const cost = await costOf('basics/caller', 'Ada')
    expect(cost).toMatchObject({ invokes: 3, journalUnits: 6, output: 'Hello, Ada!' })
  })

  it('an awakeable adds one call of the function and two write units', async () => {
    const before = await spent()
    const submitted = await orchestrator.call('basics/approval/send', 'boss@example.com')
    const { invocationId } = submitted.body as { invocationId: InvocationId }
    await eventually(
      'it waits',
      async () => (await orchestrator.invocation(invocationId)).status === 'suspended',
    )
    await orchestrator.call(`awakeables/${invocationId}.0/resolve`, true)
    await eventually(
      'it is closed',
      async () => (await orchestrator.invocation(invocationId)).status === 'completed',
    )
    const after = await spent()
    expect(after.journalUnits - before.journalUnits).toBe(4)
    expect(after.invokes - before.invokes).toBe(2)
  })

  // It is the same whatever runs the handlers.
  it.runIf(transport === 'lambda')(
    'an invocation that waited for a permit costs one write unit more',
    async () => {
      const busy = await system.start({
        config: { table: 'one-at-a-time', limits: { running: 1 } },
      })
      await system.register(busy, 'basics', { transport })
      const unitsOf = async () => (await busy.meter()).units['journal'] ?? 0
      const before = await unitsOf()
      const outputs = await Promise.all([
        busy.call('basics/pause', 1_500),
        busy.call('basics/pause', 1_500),
      ])
      expect(outputs.map(({ body }) => body)).toEqual(['rested', 'rested'])
      expect((await unitsOf()) - before).toBe(2 + 3)
    },
  )

  it('a request to a function is the journal, and an envelope', async () => {
    const before = await spent()
    const { headers } = await orchestrator.call('basics/steps', 1)
    const after = await spent()
    const id = headers.get('x-fermata-invocation-id') as InvocationId
    const [first] = await orchestrator.journal(id)
    const request = {
      protocol: 1,
      kind: 'invoke',
      invocation: id,
      target: { service: 'basics', handler: 'steps' },
      epoch: 1,
      attempt: 1,
      journal: [first],
      expires: first?.at,
      channel: {
        kind: 'dynamodb',
        table: system.table,
        region: 'eu-west-1',
        endpoint: meter.endpoint,
      },
    }
    expect(after.sentBytes - before.sentBytes).toBe(JSON.stringify(request).length)
  })
}
