import { fileURLToPath } from 'node:url'
import { createLambdaEmulator, type LambdaEmulator } from '../../emulator/lambda-emulator.ts'
import { expectSound, type SoundOptions } from '../../history/expect-sound.ts'
import { Recorder } from '../../history/recorder.ts'
import {
  type Functions,
  type FunctionsOnServer,
  functionsOnLambda,
  functionsOnServer,
  type Transport,
} from './functions.ts'
import { HandlerServerUnderTest } from './handler-server.ts'
import { OrchestratorUnderTest } from './orchestrator-under-test.ts'
import type { PlannedFault } from './process-messages.ts'

export type SystemOptions = {
  /** DynamoDB, as orchestrators and functions reach it. */
  readonly dynamodb: string
  /** On top of the usual configuration, for every orchestrator. */
  readonly config?: object
  /** For every function. */
  readonly environment?: Readonly<Record<string, string>>
  /** Writes down all that happens, for {@link System.expectSound}. On DynamoDB Local alone. */
  readonly isRecorded?: boolean
}

/** Functions and orchestrators over one table; `close` ends them all. */
export type System = {
  /** The table of its orchestrators, unless their configuration names another. */
  readonly table: string
  readonly lambda: LambdaEmulator
  /** Deploys a module of `fixtures/`. Answers its address. */
  deploy(fixture: string, options?: DeployOptions): string
  /** Runs a module of `fixtures/` by either transport, and registers it. */
  register(
    replica: OrchestratorUnderTest,
    fixture: string,
    options?: RegisterOptions,
  ): Promise<Functions>
  /** Runs it on a server. */
  serve(
    replica: OrchestratorUnderTest,
    fixture: string,
    options?: RegisterOptions,
  ): Promise<FunctionsOnServer>
  start(options?: StartOptions): Promise<OrchestratorUnderTest>
  /** What happens, where it is recorded. */
  readonly recorder: Recorder | undefined
  /** All that was recorded keeps to the invariants, and comes to its end in time. */
  expectSound(options?: SoundOptions): Promise<void>
  close(): Promise<void>
}

export type DeployOptions = {
  /** By default the fixture's. */
  readonly name?: string
  /** What the module exports the handler under. */
  readonly export?: string
  readonly version?: string
  readonly timeoutMs?: number
  readonly concurrency?: number
  readonly concurrentPerProcess?: number
  readonly environment?: Readonly<Record<string, string>>
}

export type StartOptions = {
  readonly faults?: readonly PlannedFault[]
  readonly config?: object
}

export type RegisterOptions = DeployOptions & {
  /** `lambda` by default. */
  readonly transport?: Transport
  /** Of `serve()`, for a server. */
  readonly server?: object
}

let tables = 0

export async function createSystem({
  dynamodb,
  config = {},
  environment: shared = {},
  isRecorded = false,
}: SystemOptions): Promise<System> {
  const lambda = await createLambdaEmulator({})
  const orchestrators: OrchestratorUnderTest[] = []
  const servers: HandlerServerUnderTest[] = []
  const table = `fermata-${process.pid}-${tables++}`
  const recorder = isRecorded ? await Recorder.start(dynamodb, table) : undefined
  const entryOf = (fixture: string): string =>
    fileURLToPath(new URL(`../fixtures/${fixture}.ts`, import.meta.url))
  const deploy: System['deploy'] = (
    fixture,
    { environment = {}, timeoutMs = 120_000, ...options } = {},
  ) =>
    lambda.deploy({
      name: fixture,
      entry: entryOf(fixture),
      timeoutMs,
      ...options,
      environment: { AWS_ENDPOINT_URL_DYNAMODB: dynamodb, ...shared, ...environment },
    })
  const serve: System['serve'] = async (replica, fixture, { environment, server = {} } = {}) => {
    const started = await HandlerServerUnderTest.start({
      entry: entryOf(fixture),
      environment: { ...awsOf(dynamodb), ...shared, ...environment },
      options: server,
    })
    servers.push(started)
    return registered(replica, functionsOnServer(started))
  }
  return {
    table,
    lambda,
    deploy,
    serve,
    register(replica, fixture, { transport = 'lambda', ...options } = {}) {
      if (transport === 'http') return serve(replica, fixture, options)
      const { server: _, name = fixture, ...deployed } = options
      const arn = deploy(fixture, { name, ...deployed })
      return registered(replica, functionsOnLambda(lambda, name, arn))
    },
    async start({ faults = [], config: own = {} } = {}) {
      const orchestrator = await OrchestratorUnderTest.start({
        config: { table, ...config, ...own },
        dynamodb,
        lambda: lambda.endpoint,
        faults,
      })
      orchestrators.push(orchestrator)
      return orchestrator
    },
    recorder,
    async expectSound(options) {
      if (recorder === undefined) throw new Error('nothing is recorded')
      await expectSound(recorder, options)
    },
    async close() {
      await Promise.all(orchestrators.map((orchestrator) => orchestrator.kill()))
      await Promise.all([lambda.close(), ...servers.map((server) => server.close())])
    },
  }
}

async function registered<F extends Functions>(
  replica: OrchestratorUnderTest,
  functions: F,
): Promise<F> {
  const answer = await replica.post('deployments', functions.registration)
  if (answer.status !== 201) throw new Error(`not registered: ${JSON.stringify(answer.body)}`)
  functions.reset()
  return functions
}

function awsOf(dynamodb: string): Readonly<Record<string, string>> {
  return {
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb,
  }
}

/** A broker that has just begun may not know its topics yet, nor who looks after its groups. */
export async function subscribe(replica: OrchestratorUnderTest, spec: object): Promise<void> {
  await eventually('it is subscribed', async () => {
    const answer = await replica.post('subscriptions', spec).catch(() => undefined)
    // One that dies of it, as some are to, has been asked.
    return !replica.running || (answer !== undefined && answer.status < 300)
  })
}

/** Asks again and again until the answer is something. @throws with `what` when it stays nothing */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined> | T | undefined,
  withinMs = 60_000,
): Promise<T> {
  const end = performance.now() + withinMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
