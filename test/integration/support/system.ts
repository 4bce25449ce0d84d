import { fileURLToPath } from 'node:url'
import { createLambdaEmulator, type LambdaEmulator } from '../../emulator/lambda-emulator.ts'
import { OrchestratorUnderTest } from './orchestrator-under-test.ts'
import type { PlannedFault } from './process-messages.ts'

export type SystemOptions = {
  /** DynamoDB, as orchestrators and functions reach it. */
  readonly dynamodb: string
  /** On top of the usual configuration, for every orchestrator. */
  readonly config?: object
  /** For every function. */
  readonly environment?: Readonly<Record<string, string>>
}

/** Functions and orchestrators over one table; `close` ends them all. */
export type System = {
  /** The table of its orchestrators, unless their configuration names another. */
  readonly table: string
  readonly lambda: LambdaEmulator
  /** Deploys a module of `fixtures/`. Answers its address. */
  deploy(fixture: string, options?: DeployOptions): string
  start(options?: StartOptions): Promise<OrchestratorUnderTest>
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

let tables = 0

export async function createSystem({
  dynamodb,
  config = {},
  environment: shared = {},
}: SystemOptions): Promise<System> {
  const lambda = await createLambdaEmulator({})
  const orchestrators: OrchestratorUnderTest[] = []
  const table = `fermata-${process.pid}-${tables++}`
  return {
    table,
    lambda,
    deploy(fixture, { environment = {}, timeoutMs = 30_000, ...options } = {}) {
      return lambda.deploy({
        name: fixture,
        entry: fileURLToPath(new URL(`../fixtures/${fixture}.ts`, import.meta.url)),
        timeoutMs,
        ...options,
        environment: { AWS_ENDPOINT_URL_DYNAMODB: dynamodb, ...shared, ...environment },
      })
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
    async close() {
      await Promise.all(orchestrators.map((orchestrator) => orchestrator.kill()))
      await lambda.close()
    },
  }
}

/** Asks again and again until the answer is something. @throws with `what` when it stays nothing */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined> | T | undefined,
  withinMs = 20_000,
): Promise<T> {
  const end = performance.now() + withinMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
