/** What the function behind the custom resources does, against an orchestrator and its admin API. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { compose, loadConfig, type Orchestrator } from '@fermata/orchestrator'
import { MemoryLog } from '@fermata/orchestrator/adapters/kafka/memory-log/memory-log'
import { createMemorySource } from '@fermata/orchestrator/adapters/kafka/memory-log/memory-source'
import {
  createMemoryInvoker,
  type FunctionCode,
} from '@fermata/orchestrator/adapters/memory-invoker/memory-invoker'
import { createSystemClock } from '@fermata/orchestrator/adapters/system/system-clock'
import { describe, expect, it, type TestContext } from 'vitest'
import type { CustomResourceEvent } from '../../cdk/src/registrar/custom-resource.ts'
import { handleEvent } from '../../cdk/src/registrar/handle-event.ts'
import { waitsForOp0 } from '../unit/engine/scenes.ts'
import { arnOf, manifestOf, serving } from '../unit/services/serving.ts'

type Answer = {
  readonly Status: string
  readonly PhysicalResourceId: string
  readonly Reason?: string
  readonly Data?: Readonly<Record<string, string>>
}

const suspends: FunctionCode = serving(manifestOf('shop', { buy: {} }), () => ({
  entries: [{ kind: 'awakeable', op: 0 }],
  status: waitsForOp0,
}))

type AnswerBucket = {
  readonly url: string
  readonly answers: Answer[]
  readonly server: Server
  /** Connections to break off. */
  deaf: number
}

/** CloudFormation's side: takes one answer for each request. */
async function openBucket(): Promise<AnswerBucket> {
  const answers: Answer[] = []
  const server = createServer((request, response) => {
    if (bucket.deaf > 0) {
      bucket.deaf -= 1
      request.destroy()
      return
    }
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      answers.push(JSON.parse(Buffer.concat(chunks).toString()))
      response.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const bucket: AnswerBucket = {
    url: `http://127.0.0.1:${port}/answer`,
    answers,
    server,
    deaf: 0,
  }
  return bucket
}

const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent }

async function stage({ onTestFinished }: Pick<TestContext, 'onTestFinished'>) {
  const functions = new Map<string, FunctionCode>()
  const clock = createSystemClock()
  const log = new MemoryLog({ clock })
  log.createTopic('orders', 1)
  const document = {
    store: 'memory',
    kafka: { main: { brokers: ['memory:1'] } },
    ingress: { host: '127.0.0.1', port: 0 },
    admin: { host: '127.0.0.1', port: 0 },
    shutdownMs: 100,
    log: { level: 'silent' },
  }
  const orchestrator: Orchestrator = compose(
    loadConfig({ FERMATA_CONFIG: JSON.stringify(document) }),
    {
      invoker: createMemoryInvoker({ handlers: (address) => functions.get(address) }),
      source: createMemorySource({ clusters: { main: log }, clock, logger: silent }),
    },
  )
  const { adminPort, ingressPort } = await orchestrator.start()
  const bucket = await openBucket()
  onTestFinished(async () => {
    bucket.server.close()
    await orchestrator.stop()
  })
  const deleted: string[] = []
  let onWait = (): void => undefined
  const AdminUrl = `http://127.0.0.1:${adminPort}`
  const handle = async (event: Partial<CustomResourceEvent>, forMs = 20_000): Promise<Answer> => {
    await handleEvent(
      {
        RequestType: 'Create',
        ResponseURL: bucket.url,
        StackId: 'stack',
        RequestId: 'request',
        LogicalResourceId: 'Resource',
        ResourceProperties: {},
        ...event,
      },
      {
        wait: {
          now: Date.now,
          sleep: (ms) => {
            onWait()
            return sleep(ms)
          },
          deadline: Date.now() + forMs,
          giveUpAt: Date.now() + forMs + 100,
          patienceMs: 300,
          everyMs: 50,
        },
        deleteVersion: async (arn) => {
          deleted.push(arn)
        },
        log: () => undefined,
      },
    )
    const answer = bucket.answers.at(-1)
    if (answer === undefined) throw new Error('CloudFormation was told nothing')
    return answer
  }
  const deployment = (version: number, more: Readonly<Record<string, unknown>> = {}) => ({
    Kind: 'deployment',
    AdminUrl,
    Arn: arnOf('shop', version),
    Services: ['shop'],
    DrainSeconds: '0',
    OnRemoval: 'drain',
    ...more,
  })
  const subscription = (more: Readonly<Record<string, unknown>> = {}) => ({
    Kind: 'subscription',
    AdminUrl,
    Name: 'orders',
    Source: 'kafka://main/orders',
    Sink: 'shop/buy',
    ...more,
  })
  return {
    functions,
    handle,
    deleted,
    log,
    bucket,
    /** Each time before it waits to try again. */
    whenWaiting(act: () => void): void {
      onWait = act
    },
    deployment,
    subscription,
    addresses: async () =>
      (await orchestrator.engine.admin.deployments()).map(({ address }) => address),
    subscriptions: () => orchestrator.engine.admin.subscriptions(),
    /** An invocation that waits. */
    async begin(): Promise<void> {
      const ingress = `http://127.0.0.1:${ingressPort}`
      const response = await fetch(`${ingress}/shop/buy/send`, { method: 'POST' })
      expect(response.status).toBe(202)
    },
  }
}

describe.concurrent('the registration of a function', () => {
  it('registers a version, and again when it is asked again', async ({
    expect,
    onTestFinished,
  }) => {
    const { functions, handle, deployment, addresses } = await stage({ onTestFinished })
    functions.set(arnOf('shop', 1), suspends)
    const answer = await handle({ ResourceProperties: deployment(1) })
    expect(answer).toMatchObject({
      Status: 'SUCCESS',
      PhysicalResourceId: arnOf('shop', 1),
      Data: { Services: 'shop' },
    })
    expect(await handle({ ResourceProperties: deployment(1) })).toEqual(answer)
    expect(await addresses()).toEqual([arnOf('shop', 1)])
  })

  it('fails with the reason when the function is no deployment', async ({
    expect,
    onTestFinished,
  }) => {
    const { functions, handle, deployment, addresses } = await stage({ onTestFinished })
    functions.set(arnOf('shop', 1), async () => 'hello')
    const answer = await handle({ ResourceProperties: deployment(1) })
    expect(answer.Status).toBe('FAILED')
    expect(answer.Reason).toMatch(/does not answer as a deployment|Its handler must be/)
    expect(await addresses()).toEqual([])
  })

  it('fails, and takes it back, when its role is made for other services', async ({
    expect,
    onTestFinished,
  }) => {
    const { functions, handle, deployment, addresses } = await stage({ onTestFinished })
    functions.set(arnOf('shop', 1), suspends)
    const answer = await handle({ ResourceProperties: deployment(1, { Services: ['mail'] }) })
    expect(answer.Reason).toMatch(/serves shop, but its role may use the journals of mail only/)
    expect(await addresses()).toEqual([])
  })

  it('keeps the version before while something is on it, and removes it when not', async ({
    expect,
    onTestFinished,
  }) => {
    const { functions, handle, deployment, addresses, begin, deleted } = await stage({
      onTestFinished,
    })
    for (const version of [1, 2, 3]) functions.set(arnOf('shop', version), suspends)
    await handle({ ResourceProperties: deployment(1) })
    await begin()
    await handle({ RequestType: 'Update', ResourceProperties: deployment(2) })
    const cleanUp = (version: number) =>
      handle({
        RequestType: 'Delete',
        PhysicalResourceId: arnOf('shop', version),
        ResourceProperties: deployment(version),
      })
    expect((await cleanUp(1)).Status).toBe('SUCCESS')
    expect(deleted).toEqual([])
    await handle({ RequestType: 'Update', ResourceProperties: deployment(3) })
    expect((await cleanUp(2)).Status).toBe('SUCCESS')
    expect(deleted).toEqual([arnOf('shop', 2)])
    expect(await addresses()).toEqual([arnOf('shop', 3), arnOf('shop', 1)])
  })

  it('makes the version before the newest again when an update is rolled back', async ({
    expect,
    onTestFinished,
  }) => {
    const { functions, handle, deployment, addresses, deleted } = await stage({ onTestFinished })
    for (const version of [1, 2]) functions.set(arnOf('shop', version), suspends)
    await handle({ ResourceProperties: deployment(1) })
    await handle({ RequestType: 'Update', ResourceProperties: deployment(2) })
    await handle({ RequestType: 'Update', ResourceProperties: deployment(1) })
    expect(await addresses()).toEqual([arnOf('shop', 1), arnOf('shop', 2)])
    await handle({
      RequestType: 'Delete',
      PhysicalResourceId: arnOf('shop', 2),
      ResourceProperties: deployment(2),
    })
    expect(await addresses()).toEqual([arnOf('shop', 1)])
    expect(deleted).toEqual([arnOf('shop', 2)])
  })

  it('deletes a version that was refused when the update goes back, and no other', async ({
    expect,
    onTestFinished,
  }) => {
    const { functions, handle, deployment, addresses, deleted } = await stage({ onTestFinished })
    functions.set(arnOf('shop', 1), suspends)
    functions.set(arnOf('shop', 2), async () => 'hello')
    functions.set(arnOf('shop', 3), suspends)
    await handle({ ResourceProperties: deployment(1) })
    const update = (from: number, to: number) =>
      handle({
        RequestType: 'Update',
        PhysicalResourceId: arnOf('shop', 1),
        ResourceProperties: deployment(to),
        OldResourceProperties: deployment(from),
      })
    expect((await update(1, 2)).Status).toBe('FAILED')
    expect(deleted).toEqual([])
    expect((await update(2, 1)).Status).toBe('SUCCESS')
    expect(deleted).toEqual([arnOf('shop', 2)])
    await update(1, 3)
    await update(3, 1)
    expect(deleted).toEqual([arnOf('shop', 2)])
    expect(await addresses()).toEqual([arnOf('shop', 1), arnOf('shop', 3)])
  })

  it('goes well beside others: two stacks that deploy to one orchestrator, and a request that comes twice', async ({
    expect,
    onTestFinished,
  }) => {
    const { functions, handle, deployment, addresses } = await stage({ onTestFinished })
    const names = ['shop', 'mail', 'stock']
    for (const name of names) {
      functions.set(
        arnOf(name, 1),
        serving(manifestOf(name, { buy: {} }), () => ({ entries: [], status: waitsForOp0 })),
      )
    }
    const answers = await Promise.all(
      [...names, ...names].map((name) =>
        handle({
          StackId: name,
          ResourceProperties: deployment(1, { Arn: arnOf(name, 1), Services: [name] }),
        }),
      ),
    )
    expect(answers.map(({ Status }) => Status)).toEqual(Array(6).fill('SUCCESS'))
    expect((await addresses()).toSorted()).toEqual(names.map((name) => arnOf(name, 1)).toSorted())
  })

  it('does not let a function go that is in use, unless it is told to', async ({
    expect,
    onTestFinished,
  }) => {
    const { functions, handle, deployment, addresses, begin } = await stage({ onTestFinished })
    functions.set(arnOf('shop', 1), suspends)
    await handle({ ResourceProperties: deployment(1) })
    await begin()
    const remove = (more = {}) =>
      handle({
        RequestType: 'Delete',
        PhysicalResourceId: arnOf('shop', 1),
        ResourceProperties: deployment(1, more),
      })
    const refused = await remove()
    expect(refused).toMatchObject({ Status: 'FAILED', PhysicalResourceId: arnOf('shop', 1) })
    expect(refused.Reason).toMatch(/is still in use/)
    expect((await remove({ OnRemoval: 'force' })).Status).toBe('SUCCESS')
    expect(await addresses()).toEqual([])
  })

  it('lets what was never made go, though no orchestrator answers', async ({
    expect,
    onTestFinished,
  }) => {
    const { handle, deployment } = await stage({ onTestFinished })
    const nobody = { AdminUrl: 'http://127.0.0.1:1' }
    const properties = { RequestType: 'Delete', ResourceProperties: deployment(1, nobody) } as const
    const wait = { PhysicalResourceId: `failed:${arnOf('shop', 1)}` }
    expect((await handle({ ...properties, ...wait })).Status).toBe('SUCCESS')
    const known = await handle({ ...properties, PhysicalResourceId: arnOf('shop', 1) })
    expect(known.Reason).toMatch(/does not answer/)
  }, 90_000)
})

describe.concurrent('a subscription', () => {
  it('is made, changed and removed', async ({ expect, onTestFinished }) => {
    const { functions, handle, deployment, subscription, subscriptions } = await stage({
      onTestFinished,
    })
    functions.set(arnOf('shop', 1), suspends)
    await handle({ ResourceProperties: deployment(1) })
    const answer = await handle({ ResourceProperties: subscription() })
    expect(answer).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'orders' })
    expect(await handle({ ResourceProperties: subscription() })).toMatchObject({
      Status: 'SUCCESS',
    })
    await handle({ RequestType: 'Update', ResourceProperties: subscription({ Running: '7' }) })
    expect(await subscriptions()).toMatchObject([
      { name: 'orders', options: { limits: { running: 7 } }, status: { kind: 'running' } },
    ])
    const last = await handle({
      RequestType: 'Delete',
      PhysicalResourceId: 'orders',
      ResourceProperties: subscription(),
    })
    expect(last.Status).toBe('SUCCESS')
    expect(await subscriptions()).toEqual([])
  })

  it('belongs to the resource that made it: another of its name fails, and takes nothing along', async ({
    expect,
    onTestFinished,
  }) => {
    const { functions, handle, deployment, subscription, subscriptions } = await stage({
      onTestFinished,
    })
    functions.set(arnOf('shop', 1), suspends)
    await handle({ ResourceProperties: deployment(1) })
    await handle({ ResourceProperties: subscription() })
    const other = { LogicalResourceId: 'Other', ResourceProperties: subscription() }
    const refused = await handle(other)
    expect(refused).toMatchObject({ Status: 'FAILED', PhysicalResourceId: 'failed:orders' })
    expect(refused.Reason).toMatch(/already, and it belongs to stack\/Resource: remove it there/)
    for (const PhysicalResourceId of [refused.PhysicalResourceId, 'orders']) {
      const gone = await handle({ ...other, RequestType: 'Delete', PhysicalResourceId })
      expect(gone.Status).toBe('SUCCESS')
    }
    expect(await subscriptions()).toMatchObject([{ name: 'orders', status: { kind: 'running' } }])
  })

  it('under another name is another one: the one before goes when the update is through', async ({
    expect,
    onTestFinished,
  }) => {
    const { functions, handle, deployment, subscription, subscriptions } = await stage({
      onTestFinished,
    })
    functions.set(arnOf('shop', 1), suspends)
    await handle({ ResourceProperties: deployment(1) })
    await handle({ ResourceProperties: subscription() })
    const renamed = await handle({
      RequestType: 'Update',
      PhysicalResourceId: 'orders',
      ResourceProperties: subscription({ Name: 'purchases' }),
    })
    expect(renamed.PhysicalResourceId).toBe('purchases')
    expect(await subscriptions()).toHaveLength(2)
    await handle({
      RequestType: 'Delete',
      PhysicalResourceId: 'orders',
      ResourceProperties: subscription(),
    })
    expect(await subscriptions()).toMatchObject([{ name: 'purchases' }])
  })

  it('waits for a topic that the role may not be known yet to read, and for no other', async ({
    expect,
    onTestFinished,
  }) => {
    const { functions, handle, deployment, subscription, log, whenWaiting } = await stage({
      onTestFinished,
    })
    functions.set(arnOf('shop', 1), suspends)
    await handle({ ResourceProperties: deployment(1) })
    const wanted = subscription({ Source: 'kafka://main/later' })
    let waits = 0
    whenWaiting(() => {
      waits += 1
    })
    const missing = await handle({ ResourceProperties: wanted })
    expect(missing.Reason).toMatch(/no topic "later"/)
    expect(waits).toBe(0)
    whenWaiting(() => {
      waits += 1
      if (waits === 2) log.createTopic('later')
    })
    const late = await handle({ ResourceProperties: { ...wanted, ByRole: 'true' } })
    expect(late.Status).toBe('SUCCESS')
    expect(waits).toBeGreaterThanOrEqual(2)
    const never = { Name: 'never', Source: 'kafka://main/never', ByRole: 'true' }
    const refused = await handle({ ResourceProperties: subscription(never) }, 2_000)
    expect(refused.Reason).toMatch(/no topic "never"/)
  })

  it('fails with the reason when nothing serves its sink', async ({ expect, onTestFinished }) => {
    const { handle, subscription } = await stage({ onTestFinished })
    const answer = await handle({ ResourceProperties: subscription() })
    expect(answer).toMatchObject({ Status: 'FAILED', PhysicalResourceId: 'failed:orders' })
    expect(answer.Reason).toMatch(/No deployment serves "shop\/buy"/)
  })
})

describe('an orchestrator that takes connections and says nothing', () => {
  it('is given up in time to say so', async ({ onTestFinished }) => {
    const { handle, deployment } = await stage({ onTestFinished })
    const mute = createServer(() => undefined)
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => mute.closeAllConnections())
    onTestFinished(() => void mute.close())
    const { port } = mute.address() as AddressInfo
    const AdminUrl = `http://127.0.0.1:${port}`
    const answer = await handle({ ResourceProperties: deployment(1, { AdminUrl }) }, 300)
    expect(answer.Status).toBe('FAILED')
    expect(answer.Reason).toMatch(/does not answer/)
  }, 60_000)
})

describe('CloudFormation', () => {
  it('is never told that something failed because it could not be told that it went well', async ({
    onTestFinished,
  }) => {
    const { functions, handle, deployment, bucket } = await stage({ onTestFinished })
    functions.set(arnOf('shop', 1), suspends)
    bucket.deaf = 5
    // Lambda asks again when its function has failed.
    await expect(handle({ ResourceProperties: deployment(1) })).rejects.toThrow()
    expect(bucket.answers).toEqual([])
    bucket.deaf = 4
    const answer = await handle({ ResourceProperties: deployment(1) })
    expect(bucket.answers).toEqual([answer])
    expect(answer.Status).toBe('SUCCESS')
  })
})

describe('a resource of an unknown kind', () => {
  it('is answered, too', async ({ onTestFinished }) => {
    const { handle } = await stage({ onTestFinished })
    expect(await handle({ ResourceProperties: { AdminUrl: 'http://127.0.0.1:1' } })).toMatchObject({
      Status: 'FAILED',
    })
  })
})
