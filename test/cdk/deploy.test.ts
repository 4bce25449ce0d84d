/** The whole system, deployed by `cdk deploy` into an emulator, with real Kafka; and taken away again. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { assembleTree } from '../../tools/assemble-image.ts'
import { topicsOf } from '../integration/support/topics.ts'
import { withFreePorts } from '../support/real-parts/free-ports.ts'
import { type RunningKafka, startKafka } from '../support/real-parts/kafka.ts'
import { type RunningMinistack, startMinistack } from '../support/real-parts/ministack.ts'
import { requirePart } from '../support/real-parts/require-part.ts'
import { account, awsEnvironment, callJson, region, send } from './support/aws.ts'
import { cdk, repository } from './support/cdk-cli.ts'
import { openShop, type Shop } from './support/shop.ts'
import { type RunningTask, runTask } from './support/task-runner.ts'

const scratch = mkdtempSync(join(tmpdir(), 'fermata-deploy-'))
const timeout = 170_000

const order = (id: string, price = 4_900) => ({
  id,
  customer: { name: 'Ada', email: `${id}@example.com` },
  items: [{ sku: 'LAMP', quantity: 1, price }],
  card: 'card_1',
})
const large = 100_000
const names = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`)

requirePart('ministack')('cdk deploy', () => {
  let kafka: RunningKafka
  let cloud: RunningMinistack
  let before: Shop
  let after: Shop
  let task: RunningTask | undefined
  let ports: { readonly ingress: number; readonly admin: number }
  const stopRunner = new AbortController()

  /** Synthesizes the app, for functions that reach the world outside at `shop`. */
  const synth = (shop: Shop, out: string) =>
    cdk(
      [
        'synth',
        '--quiet',
        `--app=node --conditions=source test/cdk/fixtures/emulated-app.ts`,
        `--output=${join(scratch, out)}`,
        ...context({
          brokers: kafka.brokers.join(),
          outsideUrl: shop.url,
          ingressPort: String(ports.ingress),
          adminPort: String(ports.admin),
        }),
      ],
      {},
    )
  const deploy = (out: string) =>
    cdk(
      [
        'deploy',
        '--all',
        `--app=${join(scratch, out)}`,
        '--require-approval=never',
        '--concurrency=2',
      ],
      awsEnvironment(cloud.endpoint),
    )
  const produce = (orders: readonly object[]) =>
    topicsOf(kafka.brokers).produce(
      'orders',
      orders.map((value) => ({ value: JSON.stringify(value) })),
    )

  beforeAll(async () => {
    ;[kafka, cloud, before, after] = await Promise.all([
      startKafka(),
      startMinistack({
        environment: {
          NODE_OPTIONS: `--import=${repository}/test/cdk/support/private-names.ts`,
        },
      }),
      openShop(),
      openShop(),
    ])
    ports = await withFreePorts(2, async ([ingress = 0, admin = 0]) => ({ ingress, admin }))
    await Promise.all([
      kafka.createTopics([{ topic: 'orders', partitions: 4 }]),
      synth(before, 'one'),
      synth(after, 'two'),
      cdk(
        ['bootstrap', `aws://${account}/${region}`, '--app=true'],
        awsEnvironment(cloud.endpoint),
      ),
    ])
  }, timeout)

  afterAll(async () => {
    stopRunner.abort()
    await task?.kill()
    await Promise.all([kafka?.stop(), cloud?.stop(), before?.close(), after?.close()])
    rmSync(scratch, { recursive: true, force: true })
  })

  it('runs every record once in a deployed function, also across a new version, and leaves nothing behind', {
    timeout,
  }, async () => {
    const tree = assembleTree(join(scratch, 'image'))
    const starting = runTask(cloud.endpoint, tree, stopRunner.signal)
    starting.catch(() => undefined)
    const deployed = deploy('one')
    task = await starting
    await deployed
    // The emulator forgets this part of a task definition.
    const template = readFileSync(join(scratch, 'one', 'Orders.template.json'), 'utf8')
    expect(await task.isHealthy(healthCheckOf(template))).toBe(true)

    // Small orders go through; a large one waits for somebody.
    const first = names('first', 16)
    await produce([...first.map((id) => order(id)), order('large', large)])
    await settled(before, first)
    const approval = await vi.waitFor(() => found(approvalOf(before, 'large')), { timeout: 30_000 })
    expect(await ordersCharged(before)).toEqual([...first, 'large'].toSorted())

    await deploy('two')
    const second = names('second', 6)
    await produce(second.map((id) => order(id)))
    await settled(after, second)

    // What has begun ends on its version: nothing of it is seen by the new one.
    await fetch(`http://127.0.0.1:${ports.ingress}/awakeables/${approval}/resolve`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ approved: true, by: 'Maria' }),
    })
    await vi.waitFor(() => found(confirmations(before).includes('large')), { timeout: 30_000 })
    expect(await ordersCharged(before)).toEqual([...first, 'large'].toSorted())
    expect(await ordersCharged(after)).toEqual(second.toSorted())
    for (const shop of [before, after]) expect(confirmedTwice(shop)).toEqual([])

    await vi.waitFor(async () => found((await open(ports.admin)) === 0), { timeout: 30_000 })
    await cdk(
      ['destroy', '--all', '--force', `--app=${join(scratch, 'two')}`],
      awsEnvironment(cloud.endpoint),
    )
    expect(await leftBehind(cloud.endpoint)).toEqual({
      tables: [],
      functions: [],
      logGroups: [],
      services: [],
    })
  })
})

const context = (values: Readonly<Record<string, string>>): string[] =>
  Object.entries(values).map(([name, value]) => `--context=${name}=${value}`)

function found<T>(value: T | undefined | false): T {
  if (value === undefined || value === false) throw new Error('not yet')
  return value
}

const of = (shop: Shop, path: string) => shop.effects.filter((one) => one.path === path)
const confirmations = (shop: Shop): string[] =>
  of(shop, '/mail/messages')
    .filter(({ body }) => body['template'] === 'confirmation')
    .map(({ body }) => String(body['order']))
const ordersCharged = (shop: Shop): string[] =>
  of(shop, '/payments/charges')
    .map(({ body }) => String(body['order']))
    .toSorted()
const confirmedTwice = (shop: Shop): string[] => {
  const all = confirmations(shop)
  return all.filter((id, index) => all.indexOf(id) !== index)
}
const approvalOf = (shop: Shop, id: string) =>
  of(shop, '/mail/messages')
    .filter(({ body }) => body['template'] === 'approval' && body['order'] === id)
    .map(({ body }) => String(body['approval']))[0]

function healthCheckOf(template: string): readonly string[] {
  const { Resources } = JSON.parse(template) as {
    Resources: Record<string, { Type: string; Properties: Record<string, never> }>
  }
  const task = Object.values(Resources).find(({ Type }) => Type === 'AWS::ECS::TaskDefinition')
  return task?.Properties['ContainerDefinitions']?.[0]?.['HealthCheck']?.['Command'] ?? []
}

async function settled(shop: Shop, orders: readonly string[]): Promise<void> {
  await vi.waitFor(() => found(orders.every((id) => confirmations(shop).includes(id))), {
    timeout: 60_000,
    interval: 50,
  })
}

/** How many invocations are open. */
async function open(adminPort: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${adminPort}/invocations?limit=1000`)
  const { invocations } = (await response.json()) as { invocations: { status: string }[] }
  const closed = ['completed', 'failed', 'cancelled', 'killed']
  return invocations.filter(({ status }) => !closed.includes(status)).length
}

async function leftBehind(endpoint: string) {
  const tables = await callJson(endpoint, {
    service: 'dynamodb',
    target: 'DynamoDB_20120810.ListTables',
    input: {},
  })
  const functions = JSON.parse(
    await send(endpoint, { service: 'lambda', method: 'GET', path: '/2015-03-31/functions/' }),
  )
  const logs = await callJson(endpoint, {
    service: 'logs',
    target: 'Logs_20140328.DescribeLogGroups',
    input: {},
  })
  const services = await callJson(endpoint, {
    service: 'ecs',
    target: 'AmazonEC2ContainerServiceV20141113.ListClusters',
    input: {},
  })
  return {
    tables: tables['TableNames'],
    functions: functions.Functions,
    logGroups: (logs['logGroups'] as { logGroupName: string }[]).map((one) => one.logGroupName),
    services: services['clusterArns'],
  }
}
