import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startDynamoDbLocal } from '../support/real-parts/dynamodb-local.ts'
import { requirePart } from '../support/real-parts/require-part.ts'
import { type FunctionMeter, meterFunctions } from './support/function-meter.ts'
import type { OrchestratorUnderTest } from './support/orchestrator-under-test.ts'
import { createSystem, eventually, type System } from './support/system.ts'

/** Write units: of journals, by whoever wrote them, and of promises and who waits for them. */
type Spent = { readonly journal: number; readonly promise: number }

requirePart('dynamodb-local')('what news costs, as all count it', () => {
  let database: Awaited<ReturnType<typeof startDynamoDbLocal>>
  let meter: FunctionMeter
  let system: System
  let fermata: OrchestratorUnderTest

  beforeAll(async () => {
    database = await startDynamoDbLocal()
    meter = await meterFunctions(database.endpoint)
    system = await createSystem({ dynamodb: meter.endpoint })
    fermata = await system.start()
    await system.register(fermata, 'control')
  })

  afterAll(async () => {
    await system?.close()
    await meter?.close()
    await database?.stop()
  })

  async function spent(): Promise<Spent> {
    const { units } = await fermata.meter()
    return {
      journal: (units['journal'] ?? 0) + meter.units(),
      promise: units['promise'] ?? 0,
    }
  }

  async function costOf(act: () => Promise<unknown>): Promise<Spent> {
    const before = await spent()
    await act()
    const after = await spent()
    return { journal: after.journal - before.journal, promise: after.promise - before.promise }
  }

  async function send(path: string): Promise<InvocationId> {
    const { body } = await fermata.call(path, undefined)
    return (body as { invocationId: InvocationId }).invocationId
  }

  const becomes = (id: InvocationId, wanted: string) =>
    eventually(`it is ${wanted}`, async () => (await fermata.invocation(id)).status === wanted)

  const signal = (id: InvocationId) => fermata.call(`invocations/${id}/signals/word`, 'hello')

  it('a signal that is waited for adds two write units to the journal', async () => {
    const cost = await costOf(async () => {
      const id = await send('control/listen/send')
      await becomes(id, 'suspended')
      await signal(id)
      await becomes(id, 'completed')
    })
    expect(cost).toEqual({ journal: 4, promise: 0 })
  })

  it('a signal that came before adds one', async () => {
    const cost = await costOf(async () => {
      const id = await send('control/listen/send?delay=4s')
      await signal(id)
      await becomes(id, 'completed')
    })
    // One, for a delayed invocation has its first attempt in a segment of its own.
    expect(cost).toEqual({ journal: 3 + 1, promise: 0 })
  })

  describe('a promise', () => {
    /** Puts and removals of waiters are written in the background. */
    const promiseUnits = (count: number) =>
      eventually(`${count} units`, async () => (await spent()).promise === count)

    it('that is waited for adds two write units to the journal, and its place in the line two', async () => {
      const before = (await spent()).promise
      const waiting = await costOf(async () => {
        const id = await send('poll/a/wait/send')
        await becomes(id, 'suspended')
        await promiseUnits(before + 1)
      })
      expect(waiting).toEqual({ journal: 2, promise: 1 })
    })

    it('that is resolved over HTTP is one write unit; it wakes who waits by two each', async () => {
      const before = (await spent()).promise
      const ids = [await send('poll/b/wait/send'), await send('poll/b/wait/send')]
      await Promise.all(ids.map((id) => becomes(id, 'suspended')))
      await promiseUnits(before + 2)
      const cost = await costOf(async () => {
        await fermata.call('workflows/poll/b/promises/answer/resolve', 'yes')
        await Promise.all(ids.map((id) => becomes(id, 'completed')))
        await promiseUnits(before + 2 + 3)
      })
      expect(cost).toEqual({ journal: 2 * 2, promise: 1 + 2 })
    })

    it('that is resolved by a handler adds two write units to its journal', async () => {
      const cost = await costOf(async () => {
        const id = await send('poll/c/say/send')
        await becomes(id, 'completed')
      })
      expect(cost).toEqual({ journal: 4, promise: 1 })
    })

    it('that has an outcome already is read, and costs no write of its own', async () => {
      await fermata.call('workflows/poll/d/promises/answer/resolve', 'yes')
      const cost = await costOf(async () => {
        const id = await send('poll/d/wait/send')
        await becomes(id, 'completed')
      })
      expect(cost).toEqual({ journal: 4, promise: 0 })
    })
  })
})
