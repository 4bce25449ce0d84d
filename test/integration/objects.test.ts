import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { FaultPoint } from '@fermata/orchestrator/ports'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startDynamoDbLocal } from '../support/real-parts/dynamodb-local.ts'
import { requirePart } from '../support/real-parts/require-part.ts'
import { type Functions, type Transport, transports } from './support/functions.ts'
import type { OrchestratorUnderTest } from './support/orchestrator-under-test.ts'
import { createSystem, eventually, type System } from './support/system.ts'
import { openWitness, type Witness } from './support/witness.ts'

/** Short times, few shards: what is tested is what happens, not when. */
const config = {
  agenda: { shards: 8, leaseMs: 1_500, heartbeatMs: 300, marginMs: 300 },
  attempt: { aliveAfterMs: 2_000, coldStartMarginMs: 1_000 },
}

/** Where a replica is killed while it runs `nap`, and `add` behind it; and at which passing. */
const moments: readonly (readonly [FaultPoint, number])[] = [
  ['slot.after-append', 2],
  ['append.after', 1],
  ['live.after', 1],
  ['append.after', 2],
  ['head.before', 1],
  ['head.after', 1],
]

requirePart('dynamodb-local')('objects on real parts', () => {
  describe.each(transports)('over %s', objects)
})

function objects(transport: Transport): void {
  let database: Awaited<ReturnType<typeof startDynamoDbLocal>>
  let witness: Witness
  let system: System
  let survivor: OrchestratorUnderTest
  let functions: Functions

  beforeAll(async () => {
    ;[database, witness] = await Promise.all([startDynamoDbLocal(), openWitness()])
    const environment = { WITNESS_URL: witness.url }
    system = await createSystem({
      dynamodb: database.endpoint,
      config,
      environment,
      isRecorded: true,
    })
    survivor = await system.start()
    functions = await system.register(survivor, 'carts', { transport })
  })

  afterAll(async () => {
    await system?.expectSound().finally(system.close)
    await witness?.close()
    await database?.stop()
  })

  const call = async (path: string, input?: unknown) =>
    (await survivor.call(`carts/${path}`, input ?? null)).body

  /** The object, once nobody holds its key: that may be after the answer. */
  const released = (key: string) =>
    eventually(`${key} is released`, async () => {
      const { body } = await survivor.get(`objects/carts/${key}`)
      return (body as { queued: number }).queued === 0 ? body : undefined
    })

  it('keep typed state from call to call, each key its own', async () => {
    expect(await call('one/add', 'tea')).toBe(1)
    expect(await call('one/add', 'milk')).toBe(2)
    expect(await call('one/items')).toEqual(['tea', 'milk'])
    expect(await call('two/items')).toEqual([])
  })

  it('take concurrent calls one after the other', async () => {
    const names = Array.from({ length: 20 }, (_, n) => `item ${n}`)
    const sizes = await Promise.all(names.map((name) => call('many/add', name)))
    expect(sizes.map(Number).toSorted((a, b) => a - b)).toEqual(names.map((_, n) => n + 1))
    expect(((await call('many/items')) as string[]).toSorted()).toEqual(names.toSorted())
  })

  it('keep a value that is too long for their head', async () => {
    await call('large/keep', 'x'.repeat(100_000))
    expect(await call('large/photo')).toBe(100_000)
    expect(await released('large')).toMatchObject({
      version: 1,
      large: { photo: expect.any(Number) },
    })
  })

  it('show nothing of an attempt that crashed before it was done', async () => {
    await call('crashed/add', 'old')
    const { body } = await survivor.call('carts/crashed/crash/send', 'new')
    const { invocationId } = body as { invocationId: InvocationId }
    await witness.arrived('crash new')
    // Steps of the attempt are durable already, and a set that comes before them.
    expect(await call('crashed/items')).toEqual(['old'])
    await functions.kill()
    expect((await survivor.outputOf(invocationId)).body).toBe('new')
    expect(await call('crashed/items')).toEqual(['new'])
    expect(witness.effects('before new')).toEqual({ 'before new': 1 })
  })

  describe('of a replica that is killed', () => {
    it.each(moments)('at %s, passing %i, go on elsewhere as if nothing had been', async (...at) => {
      const [point, nth] = at
      const key = `killed-${point.replace('.', '-')}-${nth}`
      const victim = await system.start({ faults: [{ point, nth, subject: key, action: 'kill' }] })
      const submit = async (handler: string, input: string) => {
        const path = `carts/${key}/${handler}/send`
        const headers = { 'idempotency-key': `${key} ${input}` }
        const first = await victim.call(path, input, headers).catch(() => undefined)
        const answer = first?.status === 202 ? first : await survivor.call(path, input, headers)
        expect(answer.status).toBe(202)
        return (answer.body as { invocationId: InvocationId }).invocationId
      }
      const ids = [await submit('nap', 'a'), await submit('add', 'b'), await submit('add', 'c')]
      await eventually('the point is reached', () => !victim.running)
      const outputs = await Promise.all(ids.map(async (id) => (await survivor.outputOf(id)).body))
      expect(outputs).toEqual([0, 3, 4])
      expect(await call(`${key}/items`)).toEqual(['a 1', 'a 2', 'b', 'c'])
      expect(await released(key)).toMatchObject({ version: 3 })
    })
  })
}
