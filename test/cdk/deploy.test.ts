/** The whole system, deployed by `cdk deploy` into an emulator, with real Kafka; changed, and taken away again. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFailed } from 'vitest'
import { assembleTree, type ImageTree } from '../../tools/assemble-image.ts'
import { topicsOf } from '../integration/support/topics.ts'
import { type RunningKafka, startKafka } from '../support/real-parts/kafka.ts'
import { requireMinistack, requirePart } from '../support/real-parts/require-part.ts'
import type { EmulatedAppOptions, Handlers } from './fixtures/emulated-app.ts'
import { account, awsEnvironment, publishedVersions, region } from './support/aws.ts'
import { cdk, synthesize } from './support/cdk-cli.ts'
import { type DeployedTask, findTask } from './support/deployed-task.ts'
import { type Emulator, givenEndpoint, startEmulator } from './support/emulator.ts'
import { type HeldPorts, holdPorts } from './support/held-ports.ts'
import { added, type Holdings, listHoldings } from './support/holdings.ts'
import { until } from './support/progress.ts'
import { type RunningSystem, systemAt, type Version } from './support/running-system.ts'
import { approvalOf, doneFor, invocationOf, openShop, type Shop } from './support/shop.ts'
import { type RunningTask, runTask } from './support/task-runner.ts'

const order = (id: string, price: number) => ({
  id,
  customer: { name: 'Ada', email: `${id}@example.com` },
  items: [{ sku: 'LAMP', quantity: 1, price }],
  card: 'card_1',
})
const small = 4_900
/** Somebody has to approve it. */
const large = 100_000
const names = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`)

/** What the example does for an order, and answers. */
const example = {
  done: ['charges', 'mail confirmation', 'mail review', 'reservations'],
  output: { status: 'confirmed', payment: 'p-1', reservation: 'r-1' },
}
/** The same of the handler after its change. */
const changed = {
  done: ['charges', 'mail confirmation', 'screenings'],
  output: { status: 'screened', payment: 'p-1' },
}
const approved = { ...example, done: ['charges', 'mail approval', ...example.done.slice(1)] }

/** Of each of these the stacks have some: what is listed at the end would be seen. */
const deployedKinds = [
  ...['stacks', 'functions', 'tables', 'logGroups', 'roles', 'clusters', 'services'],
  ...['taskDefinitions', 'namespaces', 'privateNames', 'hostedZones', 'alarms', 'dashboards'],
  ...['vpcs', 'subnets', 'routeTables', 'securityGroups'],
]

const describeWithEmulator = givenEndpoint === undefined ? await requireMinistack() : describe

requirePart('kafka')('cdk deploy', () => {
  describeWithEmulator('into an emulator', () => {
    const over = new AbortController()
    const waiting = names('waiting', 3)
    /** What has been done for each order. */
    const story = new Map<string, readonly string[]>()
    let scratch: string
    let tree: ImageTree
    let kafka: RunningKafka
    let cloud: Emulator
    let shop: Shop
    let held: HeldPorts
    let before: Holdings
    let system: RunningSystem
    let definition: DeployedTask
    let task: RunningTask | undefined
    let first: Version
    let second: Version
    let isBroken = false

    const command = (...args: string[]) =>
      cdk(args, {
        environment: awsEnvironment(cloud.endpoint),
        scratch,
        // It takes assemblies as they are: nothing of this repository is asked, or written to.
        directory: scratch,
        signal: over.signal,
      })
    const deploy = (handlers: Handlers) =>
      command('deploy', '--all', `--app=${join(scratch, handlers)}`, '--require-approval=never')
    const produce = (orders: readonly string[], price: number) =>
      topicsOf(kafka.brokers).produce(
        'orders',
        orders.map((id) => ({ value: JSON.stringify(order(id, price)) })),
      )
    const startTask = () => {
      task = runTask(cloud.endpoint, definition, tree)
      return task
    }
    /** Waits until all that has begun is done with these orders. */
    const settled = (orders: readonly string[], done: readonly string[]) =>
      until(
        `${done.join(', ')} for each of ${orders.join(', ')}`,
        () => {
          task?.assertRunning()
          return orders.map((id) => doneFor(shop, id))
        },
        (seen) => seen.every((one) => done.every((step) => one.includes(step))),
      )
    const versions = async () =>
      (await system.versionsServing('checkout')).map(({ version }) => version)
    const published = () => publishedVersions(cloud.endpoint, first.functionArn)
    /** Each order was one invocation, on one version, did this once, and answered that. */
    const expectCourses = async (
      orders: readonly string[],
      { done, output }: { done: readonly string[]; output: object },
      { deploymentId }: Version,
    ) => {
      for (const id of orders) {
        story.set(id, done)
        expect.soft(doneFor(shop, id), id).toEqual(done)
        const course = await system.course(invocationOf(shop, id))
        expect.soft(course, id).toEqual({ deploymentIds: [deploymentId], output })
      }
    }

    beforeAll(async () => {
      scratch = mkdtempSync(join(tmpdir(), 'fermata-deploy-'))
      tree = assembleTree(join(scratch, 'image'))
      ;[kafka, cloud, shop, held] = await Promise.all([
        startKafka(),
        startEmulator(),
        openShop(),
        holdPorts(2),
      ])
      const [ingress = 0, admin = 0] = held.ports
      system = systemAt({ ingress, admin })
      const options: EmulatedAppOptions = {
        out: scratch,
        brokers: kafka.brokers,
        outsideUrl: `http://${cloud.host}:${shop.port}`,
        ingressPort: ingress,
        adminPort: admin,
        host: cloud.host,
      }
      await Promise.all([
        kafka.createTopics([{ topic: 'orders', partitions: 4 }]),
        synthesize('test/cdk/fixtures/emulated-app.ts', options, {
          scratch,
          signal: over.signal,
        }),
        command('bootstrap', `aws://${account}/${region}`),
      ])
      before = await listHoldings(cloud.endpoint)
    })

    afterAll(async () => {
      over.abort()
      await task?.kill()
      await Promise.all([kafka?.stop(), cloud?.stop(), shop?.close(), held?.release()])
      rmSync(scratch, { recursive: true, force: true })
    })

    // Chapters of one story: without the one before there is nothing to see in the next.
    beforeEach(({ skip }) => {
      skip(isBroken, 'what comes before it has failed')
      onTestFailed(() => {
        isBroken = true
      })
    })

    it('registers functions and consumes the topic, with the task as it is defined', async () => {
      const deployed = deploy('example')
      deployed.catch((error) => over.abort(error))
      definition = await until(
        'the task definition',
        () => {
          over.signal.throwIfAborted()
          return findTask(cloud.endpoint, 'Orders')
        },
        (seen) => seen !== undefined,
      )
      await held.release()
      const running = startTask()
      await deployed
      running.assertRunning()
      expect(definition).toMatchObject({ readonlyRootFilesystem: true, stopTimeoutMs: 120_000 })
      // It waits for attempts, and once more for the table.
      const { shutdownMs } = JSON.parse(definition.environment['FERMATA_CONFIG'] ?? '{}')
      expect(2 * shutdownMs).toBeLessThan(definition.stopTimeoutMs)
      expect(await running.isHealthy()).toBe(true)
      const kinds = Object.keys(added(before, await listHoldings(cloud.endpoint)))
      expect(kinds).toEqual(expect.arrayContaining(deployedKinds))
      const [newest] = await system.versionsServing('checkout')
      if (newest === undefined) throw new Error('Nothing serves checkout')
      first = newest
    })

    it('runs every record once in a deployed function', async () => {
      const orders = names('first', 12)
      await Promise.all([produce(orders, small), produce(waiting, large)])
      await settled(orders, example.done)
      await settled(waiting, ['mail approval'])
      await expectCourses(orders, example, first)
    })

    it('runs new records in a changed handler, and keeps the version that others are suspended on', async () => {
      await deploy('changed')
      const [newest, ...older] = await system.versionsServing('checkout')
      if (newest === undefined) throw new Error('Nothing serves checkout')
      second = newest
      expect(second.version).not.toBe(first.version)
      expect(older).toEqual([first])
      expect(await published()).toEqual([first.version, second.version])
      const orders = names('second', 6)
      await produce(orders, small)
      await settled(orders, changed.done)
      await expectCourses(orders, changed, second)
    })

    it('rolls a version back that does not fit, and says why', async () => {
      const refused = deploy('unfit')
      await expect(refused).rejects.toThrow(/"reviews\/ask" is served by .* it is missing here/)
      // The command line has no room for the whole word.
      await expect(refused).rejects.toThrow(/UPDATE_ROLLBACK_COMPLET/)
      expect(await versions()).toEqual([second.version, first.version])
      expect(await published()).toEqual([first.version, second.version])
      const orders = names('more', 2)
      await produce(orders, small)
      await settled(orders, changed.done)
      await expectCourses(orders, changed, second)
    })

    it('ends what was suspended on its own version, under another task', async () => {
      expect(await task?.stop()).toBe(0)
      startTask()
      for (const id of waiting) {
        expect(doneFor(shop, id)).toEqual(['charges', 'mail approval', 'reservations'])
      }
      const isReady = () => fetch(`http://127.0.0.1:${held.ports[1]}/ready`).then(({ ok }) => ok)
      await until('the second task', () => isReady().catch(() => false), Boolean)
      for (const id of waiting) {
        await system.resolve(approvalOf(shop, id), { approved: true, by: 'Maria' })
      }
      await settled(waiting, approved.done)
      await expectCourses(waiting, approved, first)
    })

    it('goes back to the code of before, and deletes the versions that nothing needs', async () => {
      await until(
        'the end of all invocations',
        () => system.countOpen(),
        (count) => count === 0,
      )
      await deploy('example')
      const [third, ...older] = await system.versionsServing('checkout')
      if (third === undefined) throw new Error('Nothing serves checkout')
      expect(older).toEqual([])
      expect(await published()).toEqual([third.version])
      const orders = names('third', 2)
      await produce(orders, small)
      await settled(orders, example.done)
      await expectCourses(orders, example, third)
    })

    it('leaves nothing behind when it is destroyed', async () => {
      await until(
        'the end of all invocations',
        () => system.countOpen(),
        (count) => count === 0,
      )
      for (const [id, done] of story) expect.soft(doneFor(shop, id), id).toEqual(done)
      expect(shop.effects).toHaveLength([...story.values()].flat().length)
      await command('destroy', '--all', '--force', `--app=${join(scratch, 'example')}`)
      expect(added(before, await listHoldings(cloud.endpoint))).toEqual({})
      expect(await task?.stop()).toBe(0)
    })
  })
})
