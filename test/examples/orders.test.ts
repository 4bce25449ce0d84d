import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, Cluster } from '../../demo/orchestrators/cluster.ts'
import { startReplica } from '../../demo/orchestrators/replica.ts'
import { expectedEffects, expectedOutcome, type Outcome, readOrders } from '../../demo/orders.ts'
import { type OutsideWorld, startOutsideWorld } from '../../demo/outside-world/outside-world.ts'
import { SalesDesk } from '../../demo/outside-world/sales-desk.ts'
import { type Order, totalOf } from '../../examples/orders/order.ts'
import { approvalFrom } from '../../examples/orders/settings.ts'
import { region } from '../emulator/function-spec.ts'
import { createLambdaEmulator } from '../emulator/lambda-emulator.ts'
import { startDynalite } from '../support/real-parts/dynalite.ts'

const timeoutMs = 30_000
/** There is one replica: nobody else could be asked. */
const patienceMs = 120_000
const closing = new AsyncDisposableStack()
let world: OutsideWorld
let cluster: Cluster

/** The example as the demo runs it, but for Kafka: orders come over HTTP. */
beforeAll(async () => {
  world = await startOutsideWorld()
  closing.defer(() => world.close())
  const store = await startDynalite({ process: 'child' })
  closing.defer(() => store.stop())
  const emulator = await createLambdaEmulator()
  closing.defer(() => emulator.close())
  const logDirectory = await mkdtemp(join(tmpdir(), 'fermata-example-'))
  closing.defer(() => rm(logDirectory, { recursive: true, force: true }))
  const replica = await startReplica({
    name: 'A',
    config: { createTable: true },
    logDirectory,
    environment: {
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_ENDPOINT_URL_DYNAMODB: store.endpoint,
      AWS_ENDPOINT_URL_LAMBDA: emulator.endpoint,
    },
  })
  closing.defer(() => replica.stop())
  cluster = new Cluster([replica], patienceMs)
  for (const name of ['orders', 'inventory']) {
    const arn = emulator.deploy({
      name,
      entry: new URL(`../../examples/orders/functions/${name}.ts`, import.meta.url),
      timeoutMs,
      environment: { OUTSIDE_URL: world.url, REVIEW_DELAY_MS: '1' },
    })
    const { status } = await cluster.admin('POST', '/deployments', { arn })
    expect(status).toBe(201)
  }
  const desk = new SalesDesk(cluster, new AbortController().signal)
  world.events.on('approvalRequest', (request) => void desk.decide(request))
})

afterAll(() => closing.disposeAsync())

describe('the orders example', () => {
  test('confirms a small order without asking anybody', async () => {
    const order = await findOrder('confirmed', (amount) => amount < approvalFrom)

    const answer = await process(order)

    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body)).toMatchObject({ status: 'confirmed' })
    await expectEffects(order)
  })

  test('confirms a large order once the sales desk has approved', async () => {
    const order = await findOrder('confirmed', (amount) => amount >= approvalFrom)

    const answer = await process(order)

    expect(JSON.parse(answer.body)).toMatchObject({ status: 'confirmed' })
    await expectEffects(order)
  })

  test('gives money and goods back when the sales desk declines', async () => {
    const order = await findOrder('declined')

    const answer = await process(order)

    const reason = 'declined by Maria at the sales desk'
    expect(JSON.parse(answer.body)).toEqual({ status: 'cancelled', reason })
    await expectEffects(order)
  })

  test('gives the money back when the warehouse has nothing left', async () => {
    const order = await findOrder('out of stock')

    const answer = await process(order)

    expect(JSON.parse(answer.body)).toEqual({ status: 'cancelled', reason: 'out of stock' })
    await expectEffects(order)
  })

  test('fails with what the bank said when the card is refused', async () => {
    const order = await findOrder('card refused')

    const answer = await process(order)

    expect(answer.status).toBe(402)
    expect(answer.body).toContain('the card was declined')
    await expectEffects(order)
  })

  test('refuses what is no order, with the path to the mistake', async () => {
    const order = await findOrder('confirmed')

    const answer = await cluster.ingress('POST', '/checkout/process', { ...order, items: [] })

    expect(answer.status).toBe(400)
    expect(answer.body).toContain('an order has at least one item')
  })
})

async function findOrder(
  outcome: Outcome,
  fits: (amount: number) => boolean = () => true,
): Promise<Order> {
  const orders = await readOrders()
  const found = orders.find((order) => expectedOutcome(order) === outcome && fits(totalOf(order)))
  if (found === undefined) throw new Error(`the data has no such order: ${outcome}`)
  return found
}

async function process(order: Order): Promise<Answer> {
  const sent = await cluster.ingress('POST', '/checkout/process/send', order)
  const { invocationId } = JSON.parse(sent.body)
  return await cluster.ingress('GET', `/invocations/${invocationId}/attach`)
}

/** The review is asked for by an invocation of its own, after the answer. */
async function expectEffects(order: Order): Promise<void> {
  await expect
    .poll(() => effectsOf(order), { timeout: patienceMs })
    .toEqual([...expectedEffects(order)].sort())
}

function effectsOf(order: Order): readonly string[] {
  const own = world.ledger.effects.filter((effect) => effect.order === order.id)
  return own.map(({ kind }) => kind).sort()
}
