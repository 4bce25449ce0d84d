import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startDynamoDbLocal } from '../support/real-parts/dynamodb-local.ts'
import { requirePart } from '../support/real-parts/require-part.ts'
import { type FunctionMeter, meterFunctions } from './support/function-meter.ts'
import type { OrchestratorUnderTest } from './support/orchestrator-under-test.ts'
import { createSystem, eventually, type System } from './support/system.ts'

requirePart('dynamodb-local')('what a keyed event costs, as the table counts it', () => {
  let database: Awaited<ReturnType<typeof startDynamoDbLocal>>
  let meter: FunctionMeter
  let system: System
  let orchestrator: OrchestratorUnderTest

  beforeAll(async () => {
    database = await startDynamoDbLocal()
    meter = await meterFunctions(database.endpoint)
    system = await createSystem({ dynamodb: meter.endpoint })
    orchestrator = await system.start()
    await orchestrator.post('deployments', { arn: system.deploy('carts') })
  })

  afterAll(async () => {
    await system?.close()
    await meter?.close()
    await database?.stop()
  })

  async function spent() {
    const { units } = await orchestrator.meter()
    const functions = meter.units()
    return { journal: (units['journal'] ?? 0) + functions, object: units['object'] ?? 0 }
  }

  /** The write units of one invocation on a key, from its slot to the release of the key. */
  async function costOf(key: string, handler: string, input: string) {
    const before = await spent()
    const { headers } = await orchestrator.call(`carts/${key}/${handler}`, input)
    const id = headers.get('x-fermata-invocation-id') as InvocationId
    await eventually('its key is released', async () => {
      const { body } = await orchestrator.get(`objects/carts/${key}`)
      const { queued } = body as { queued: number }
      return queued === 0 && (await orchestrator.invocation(id)).status === 'completed'
    })
    const after = await spent()
    return { journal: after.journal - before.journal, object: after.object - before.object }
  }

  it('with state it is four write units: slot, segment 0, output, head', async () => {
    expect(await costOf('a', 'count', 'first')).toEqual({ journal: 2, object: 2 })
    expect(await costOf('a', 'count', 'second')).toEqual({ journal: 2, object: 2 })
    expect(await costOf('b', 'count', 'first')).toEqual({ journal: 2, object: 2 })
  })

  it('a sleep adds two, and one more where the state was changed before it', async () => {
    expect(await costOf('c', 'nap', 'x')).toEqual({ journal: 4, object: 3 })
  })

  it('a shared handler costs what a handler without a key costs', async () => {
    const before = await spent()
    await orchestrator.call('carts/a/items', null)
    const after = await spent()
    expect(after.object - before.object).toBe(0)
    expect(after.journal - before.journal).toBe(2)
  })

  it('twenty at once on one key cost four each: nobody waits for a permit in vain', async () => {
    const before = await spent()
    const items = Array.from({ length: 20 }, (_, n) => `item ${n}`)
    await Promise.all(items.map((item) => orchestrator.call('carts/d/count', item)))
    const after = await spent()
    const journal = after.journal - before.journal
    const object = after.object - before.object
    expect(journal).toBeGreaterThanOrEqual(40)
    expect(object).toBeGreaterThanOrEqual(40)
    // Two may reach for one place at once: who is refused has spent a unit. Who waited for a permit in vain would spend 20.
    expect(journal + object).toBeLessThan(80 + 20)
  })
})
