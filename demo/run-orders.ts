import { setTimeout as delay } from 'node:timers/promises'
import { groupIdOf } from '@fermata/orchestrator/domain/subscriptions/subscription'
import * as v from 'valibot'
import type { Order } from '../examples/orders/order.ts'
import { Chaos } from './chaos.ts'
import type { Options } from './options.ts'
import type { Cluster } from './orchestrators/cluster.ts'
import { readTree } from './orchestrators/journals.ts'
import { isDone, readOrders } from './orders.ts'
import { type OutsideWorld, startOutsideWorld } from './outside-world/outside-world.ts'
import { SalesDesk } from './outside-world/sales-desk.ts'
import { functionNames, type Parts, startParts } from './parts.ts'
import { type ProducedOrder, produceOrders, readLag, subscription } from './produce.ts'
import { progressLine } from './progress.ts'
import type { OrderHistory, Run } from './run.ts'
import type { Screen } from './terminal/screen.ts'
import { paint } from './terminal/style.ts'

export interface RunOptions extends Options {
  readonly logDirectory: string
  readonly closing: AsyncDisposableStack
  readonly screen: Screen
  readonly signal: AbortSignal
}

const produceEveryMs = 120
const patienceMs = 90_000
const settleMs = 15_000
const lookEveryMs = 200
/** As shares of the orders. */
const functionDiesAfter = 0.25
const orchestratorDiesAfter = 0.5

/** Sends all orders through, kills on the way, and gathers what came of it. */
export async function runOrders(options: RunOptions): Promise<Run> {
  const { screen, closing, signal } = options
  const orders = await readOrders()
  const world = await startOutsideWorld()
  closing.defer(() => world.close())
  const parts = await startParts({ ...options, outsideUrl: world.url })
  const desk = new SalesDesk(parts.cluster, signal)
  const chaos = createChaos(parts, orders.length, screen)
  world.events.on('charge', (charge) => chaos.onCharge(charge))
  // When the demo is interrupted, so is the thinking.
  world.events.on('approvalRequest', (request) => void desk.decide(request).catch(() => {}))
  screen.line()

  const startedAt = performance.now()
  const produced: ProducedOrder[] = []
  const line = () => progressLine({ orders, ledger: world.ledger, desk, parts, startedAt })
  const work = workThrough({ options, parts, world, orders, produced })
  const { lag } = await screen.progress(line, work)
  const tookMs = performance.now() - startedAt
  const histories = await screen.step(
    'Reading the journals',
    settle(() => readHistories(parts.cluster, produced), allClosed),
    (read) => `${read.flatMap(({ invocations }) => invocations).length} journals read`,
  )
  return {
    orders,
    histories,
    effects: world.ledger.effects,
    outages: world.ledger.outages,
    lostAnswers: world.ledger.lostAnswers,
    approvals: desk.decisions,
    functions: Object.fromEntries(
      functionNames.map((name) => [name, parts.emulator.statistics(name)]),
    ),
    kills: chaos.kills,
    lag,
    deadRecords: await countDead(parts.cluster),
    tookMs,
  }
}

function createChaos({ emulator, replicas }: Parts, orders: number, screen: Screen): Chaos {
  return new Chaos({
    emulator,
    functionName: 'orders',
    victim: replicas[1],
    functionDiesAt: Math.ceil(orders * functionDiesAfter),
    orchestratorDiesAt: Math.ceil(orders * orchestratorDiesAfter),
    onKill: ({ text }) => screen.event(paint(['red', 'bold'], '⚡'), text),
  })
}

interface Work {
  readonly options: RunOptions
  readonly parts: Parts
  readonly world: OutsideWorld
  readonly orders: readonly Order[]
  /** Filled as records are written. */
  readonly produced: ProducedOrder[]
}

/** Until the world outside has seen everything, or patience ends. */
async function workThrough({ options, parts, world, orders, produced }: Work): Promise<{
  readonly lag: number
}> {
  const { signal } = options
  const { brokers } = parts.kafka
  const onProduced = (order: ProducedOrder) => void produced.push(order)
  await produceOrders({ brokers, orders, everyMs: produceEveryMs, signal, onProduced })
  const isOver = () => orders.every((order) => isDone(order, world.ledger))
  await settleWithin(
    patienceMs,
    async () => isOver(),
    (over) => over,
    signal,
  )
  const lag = await settle(
    () => readLag(brokers, groupIdOf(subscription)),
    (open) => open === 0,
  )
  return { lag }
}

async function readHistories(
  cluster: Cluster,
  produced: readonly ProducedOrder[],
): Promise<readonly OrderHistory[]> {
  const histories: OrderHistory[] = []
  for (const one of produced) {
    histories.push({ ...one, invocations: await readTree(cluster, one.invocation) })
  }
  return histories
}

function allClosed(histories: readonly OrderHistory[]): boolean {
  return histories.every(({ invocations }) => invocations.every(({ end }) => end.kind !== 'open'))
}

const deadSchema = v.object({ dead: v.array(v.unknown()) })

async function countDead(cluster: Cluster): Promise<number> {
  const { body } = await cluster.admin('GET', `/dead?subscription=${subscription}`)
  return v.parse(deadSchema, JSON.parse(body)).dead.length
}

function settle<T>(look: () => Promise<T>, isSettled: (seen: T) => boolean): Promise<T> {
  return settleWithin(settleMs, look, isSettled)
}

/** Looks again until it is as it should be, or the time is up: then what was seen last. */
async function settleWithin<T>(
  withinMs: number,
  look: () => Promise<T>,
  isSettled: (seen: T) => boolean,
  signal?: AbortSignal,
): Promise<T> {
  const giveUpAt = performance.now() + withinMs
  for (;;) {
    const seen = await look()
    if (isSettled(seen) || performance.now() > giveUpAt) return seen
    await delay(lookEveryMs, undefined, signal === undefined ? {} : { signal })
  }
}
