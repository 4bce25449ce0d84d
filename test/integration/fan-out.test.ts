import { DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb'
import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { decodeSegmentItem } from '@fermata/lambda-runtime/table'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { startDynamoDbLocal } from '../support/real-parts/dynamodb-local.ts'
import { requirePart } from '../support/real-parts/require-part.ts'
import { createSystem, eventually, type System } from './support/system.ts'

const count = 10_000

requirePart('dynamodb-local')('a handler with a great many children', () => {
  let database: Awaited<ReturnType<typeof startDynamoDbLocal>>
  let system: System

  beforeAll(async () => {
    database = await startDynamoDbLocal()
  })

  afterAll(() => database?.stop())

  /** Of each test its own: it counts all that is in the table, and knows who else is there. */
  beforeEach(async () => {
    system = await createSystem({ dynamodb: database.endpoint })
  })

  afterEach(() => system.close())

  it('has each of them exactly once, though the orchestrator dies while it creates them', {
    timeout: 600_000,
  }, async () => {
    const dying = await system.start({
      faults: [{ point: 'effects.between', subject: 'fan.', nth: 60, action: 'kill' }],
    })
    await system.register(dying, 'fan')
    const sent = await dying.call('fan/out/send', count)
    const { invocationId: id } = sent.body as { invocationId: InvocationId }
    await dying.died()
    const heir = await system.start()
    await eventually('its work is taken over', () => heir.output.includes('taken for dead'))
    const children = await childrenOf(count, () => childrenIn(database.endpoint, system.table))
    expect((await heir.outputOf(id)).body).toBe(count)
    expect(new Set(children.map(({ input }) => input)).size).toBe(count)
    expect(children).toHaveLength(count)
    const sizes = (await heir.journal(id)).map((segment) => JSON.stringify(segment).length)
    expect(sizes.length).toBeGreaterThan(3)
    expect(Math.max(...sizes)).toBeLessThan(400_000)
  })

  it('wakes once for all that it called', async () => {
    const orchestrator = await system.start()
    await system.register(orchestrator, 'fan', { name: 'sums' })
    const { body, headers } = await orchestrator.call('fan/sum', 200)
    expect(body).toBe(19_900)
    const id = headers.get('x-fermata-invocation-id') as InvocationId
    expect((await orchestrator.invocation(id)).attempts).toBe(2)
  })
})

/** Whoever has died may be waited for, and its attempt, before there are more. */
const standstillMs = 120_000
const leastPauseMs = 200

/** Looks as long as more come, and pauses for as long as it takes to look: that reads the whole table. */
async function childrenOf<T>(many: number, look: () => Promise<readonly T[]>) {
  let before = -1
  let movedAt = performance.now()
  for (;;) {
    const begun = performance.now()
    const found = await look()
    if (found.length >= many) return found
    if (found.length > before) movedAt = performance.now()
    before = found.length
    if (performance.now() - movedAt > standstillMs) break
    const pauseMs = Math.max(leastPauseMs, performance.now() - begun)
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
  throw new Error(`only ${before} children, and no more come`)
}

/** Every first segment of a child's journal, with the child's input. */
async function childrenIn(endpoint: string, TableName: string) {
  const client = new DynamoDBClient({
    endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  })
  const children: { readonly input: unknown }[] = []
  try {
    for await (const { Items = [] } of paginateScan({ client }, { TableName })) {
      for (const item of Items) {
        if (!item['pk']?.S?.startsWith('J#leaf#') || !/^0+$/.test(item['sk']?.S ?? '')) continue
        const { segment } = decodeSegmentItem(item as never)
        const [created] = segment.entries
        if (created?.kind !== 'created') throw new Error('a journal without a beginning')
        children.push({ input: JSON.stringify(created.input) })
      }
    }
  } finally {
    client.destroy()
  }
  return children
}
