import { fileURLToPath } from 'node:url'
import { createLambdaEmulator, type LambdaEmulator } from '../test/emulator/lambda-emulator.ts'
import { OrchestratorUnderTest } from '../test/integration/support/orchestrator-under-test.ts'
import { startDynalite } from '../test/support/real-parts/dynalite.ts'
import { startDynamoDbLocal } from '../test/support/real-parts/dynamodb-local.ts'
import { findDynoxide, startDynoxide } from '../test/support/real-parts/dynoxide.ts'

export type StoreName = 'dynoxide' | 'dynamodb-local' | 'dynalite'

export type Rig = {
  readonly store: StoreName
  readonly lambda: LambdaEmulator
  /** The qualified ARN of `functions/steps.ts`. */
  readonly arn: string
  orchestrator(config?: object): Promise<OrchestratorUnderTest>
  close(): Promise<void>
}

const starts: Record<StoreName, () => Promise<{ endpoint: string; stop(): Promise<void> }>> = {
  dynoxide: () => startDynoxide(),
  'dynamodb-local': () => startDynamoDbLocal(),
  dynalite: () => startDynalite({ process: 'child' }),
}

/** The fastest store that is there: what is measured is the orchestrator, not an emulated table. */
export function defaultStore(): StoreName {
  try {
    findDynoxide()
    return 'dynoxide'
  } catch {
    return 'dynamodb-local'
  }
}

/** A table, functions that run in this very process (no process hops are measured), orchestrators on demand. */
export async function createRig(store: StoreName): Promise<Rig> {
  const database = await starts[store]()
  const lambda = await createLambdaEmulator({ isolation: 'inline' })
  const arn = lambda.deploy({
    name: 'bench',
    entry: fileURLToPath(new URL('./functions/steps.ts', import.meta.url)),
    timeoutMs: 60_000,
    concurrentPerProcess: 1_000,
    environment: { AWS_ENDPOINT_URL_DYNAMODB: database.endpoint },
  })
  const started: OrchestratorUnderTest[] = []
  return {
    store,
    lambda,
    arn,
    async orchestrator(config = {}) {
      const orchestrator = await OrchestratorUnderTest.start({
        config: { table: `bench-${started.length}`, log: { level: 'warn' }, ...config },
        dynamodb: database.endpoint,
        lambda: lambda.endpoint,
      })
      started.push(orchestrator)
      await orchestrator.post('deployments', { arn })
      return orchestrator
    },
    async close() {
      await Promise.all(started.map((orchestrator) => orchestrator.stop()))
      await lambda.close()
      await database.stop()
    },
  }
}
