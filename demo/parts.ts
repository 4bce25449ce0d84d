import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { region } from '../test/emulator/function-spec.ts'
import { createLambdaEmulator, type LambdaEmulator } from '../test/emulator/lambda-emulator.ts'
import { startDynalite } from '../test/support/real-parts/dynalite.ts'
import { startDynamoDbLocal } from '../test/support/real-parts/dynamodb-local.ts'
import { type RunningKafka, startKafka } from '../test/support/real-parts/kafka.ts'
import { jarsDirectory } from '../test/support/real-parts/maven-jars.ts'
import type { RunningStore } from '../test/support/real-parts/running-store.ts'
import type { StoreName } from './options.ts'
import { Cluster } from './orchestrators/cluster.ts'
import { type Replica, startReplica } from './orchestrators/replica.ts'
import { subscription, topic } from './produce.ts'
import type { Screen } from './terminal/screen.ts'
import { paint } from './terminal/style.ts'

/** All that runs beside the demo's own code. */
export interface Parts {
  readonly kafka: RunningKafka
  readonly emulator: LambdaEmulator
  readonly replicas: readonly [Replica, Replica]
  readonly cluster: Cluster
}

export interface PartsOptions {
  readonly store: StoreName
  readonly outsideUrl: string
  readonly logDirectory: string
  /** Closes what has been started, last first. */
  readonly closing: AsyncDisposableStack
  readonly screen: Screen
}

export const functionNames = ['orders', 'inventory'] as const
export const partitions = 4
/** Fewer than by default: each is read several times a second, and this is a small machine. */
const shards = 8
const reviewDelayMs = 2_000
/** Handlers of the subscription that run at a time, per orchestrator: this is a small machine. */
const runningPerReplica = 6

/** Starts everything, telling the screen; what depends on nothing starts side by side. */
export async function startParts(options: PartsOptions): Promise<Parts> {
  const { screen, closing } = options
  const doing = existsSync(jarsDirectory('kafka')) ? 'Starting Kafka' : 'Fetching Kafka by Maven'
  const kafkaStarting = startKafka()
  const storeStarting = startStore(options.store)
  // Awaited below; until then a failure must not count as unhandled.
  kafkaStarting.catch(() => {})
  closing.defer(() => storeStarting.then((started) => started.stop()).catch(() => {}))
  const kafka = await screen.step(doing, prepareKafka(kafkaStarting), () =>
    described('Apache Kafka 4.1', `topic ${topic}, ${partitions} partitions`),
  )
  closing.defer(() => kafka.stop())
  const store = await screen.step('Starting the table', storeStarting, () =>
    described(options.store === 'dynalite' ? 'dynalite' : 'DynamoDB Local', 'journals and agenda'),
  )
  const emulator = await createLambdaEmulator()
  closing.defer(() => emulator.close())
  const starting = startReplicas(options, { kafka, store, emulator })
  const replicas = await screen.step('Starting two orchestrators', starting, (started) =>
    described(
      'Two orchestrators',
      started.map(({ name, pid, ingressUrl }) => `${name}: ${ingressUrl}, pid ${pid}`).join(' · '),
    ),
  )
  const cluster = new Cluster(replicas)
  await screen.step(
    'Deploying examples/orders',
    deploy(options, { cluster, emulator, store }),
    () => described('examples/orders deployed', `functions ${functionNames.join(', ')}`),
  )
  return { kafka, emulator, replicas, cluster }
}

function described(name: string, detail: string): string {
  return `${name} ${paint('dim', `(${detail})`)}`
}

async function prepareKafka(starting: Promise<RunningKafka>): Promise<RunningKafka> {
  const kafka = await starting
  await kafka.createTopics([{ topic, partitions }])
  return kafka
}

function startStore(name: StoreName): Promise<RunningStore> {
  return name === 'dynalite' ? startDynalite({ process: 'child' }) : startDynamoDbLocal()
}

async function startReplicas(
  { logDirectory, closing }: PartsOptions,
  parts: {
    readonly kafka: RunningKafka
    readonly store: RunningStore
    readonly emulator: LambdaEmulator
  },
): Promise<readonly [Replica, Replica]> {
  const environment = {
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: 'demo',
    AWS_SECRET_ACCESS_KEY: 'demo',
    AWS_ENDPOINT_URL_DYNAMODB: parts.store.endpoint,
    AWS_ENDPOINT_URL_LAMBDA: parts.emulator.endpoint,
  }
  const config = {
    table: 'fermata',
    createTable: true,
    agenda: { shards },
    kafka: { main: { brokers: parts.kafka.brokers } },
  }
  const start = (name: string) => startReplica({ name, config, environment, logDirectory })
  const replicas = await Promise.all([start('A'), start('B')])
  closing.defer(async () => void (await Promise.all(replicas.map((replica) => replica.stop()))))
  return replicas
}

/** Publishes the functions, tells the orchestrators of them, and subscribes to the topic. */
async function deploy(
  { outsideUrl }: PartsOptions,
  parts: {
    readonly cluster: Cluster
    readonly emulator: LambdaEmulator
    readonly store: RunningStore
  },
): Promise<void> {
  const { cluster, emulator, store } = parts
  for (const name of functionNames) {
    const arn = emulator.deploy({
      name,
      entry: new URL(`../examples/orders/functions/${name}.ts`, import.meta.url),
      timeoutMs: 30_000,
      environment: {
        OUTSIDE_URL: outsideUrl,
        REVIEW_DELAY_MS: String(reviewDelayMs),
        AWS_ENDPOINT_URL_DYNAMODB: store.endpoint,
      },
    })
    await accepted(cluster, '/deployments', { arn })
    // Asking a function what it serves is an invocation, too, but none of an order.
    emulator.resetStatistics(name)
  }
  await accepted(cluster, '/subscriptions', {
    name: subscription,
    source: `kafka://main/${topic}`,
    sink: 'checkout/process',
    options: { startFrom: 'earliest', limits: { running: runningPerReplica } },
  })
}

const tries = 5
const retryMs = 500

async function accepted(cluster: Cluster, path: string, body: object): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await cluster.admin('POST', path, body)
    if (answer.status < 300) return
    if (attempt === tries || answer.status < 500) {
      throw new Error(`POST ${path} was answered ${answer.status}: ${answer.body}`)
    }
    await delay(retryMs)
  }
}
