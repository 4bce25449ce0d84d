import type { Definition } from '@fermata/lambda-runtime'
import { aesGcm, type PayloadKeys } from '@fermata/lambda-runtime/payload'
import { createMemoryHandlerJournal } from '@fermata/orchestrator/adapters/memory/memory-handler-journal'
import {
  createMemoryTable,
  type MemoryTable,
} from '@fermata/orchestrator/adapters/memory/memory-table'
import { createMemoryStores } from '@fermata/orchestrator/adapters/memory/stores'
import { createMemoryInvoker } from '@fermata/orchestrator/adapters/memory-invoker/memory-invoker'
import { createSystemClock } from '@fermata/orchestrator/adapters/system/system-clock'
import { createLambdaHost } from '../../lambda-runtime/src/lambda-host.ts'
import { createLambdaHandler } from '../../lambda-runtime/src/middleware/create-lambda-handler.ts'
import { createAttemptPayloads } from '../../lambda-runtime/src/payload/attempt-payloads.ts'
import { noLog } from '../../lambda-runtime/src/replay/replay-log.ts'
import { runAttempt } from '../../lambda-runtime/src/replay/run-attempt.ts'
import { compose } from '../../orchestrator/src/compose.ts'
import { loadConfig } from '../../orchestrator/src/config.ts'

export interface InProcess {
  /** Of the ingress, `http://127.0.0.1:…`. */
  readonly url: string
  readonly adminUrl: string
  stop(): Promise<void>
}

export type InProcessOptions = {
  /** What was stored before; by default nothing. */
  readonly table?: MemoryTable
  /** Both sides seal with these. */
  readonly keys?: PayloadKeys
}

/** An orchestrator with its HTTP servers and these handlers, all in memory, on real time. */
export async function startInProcess(
  definitions: readonly Definition[],
  { table = createMemoryTable(), keys }: InProcessOptions = {},
): Promise<InProcess> {
  const clock = createSystemClock()
  const stores = createMemoryStores({ clock, table })
  const handler = createLambdaHandler(definitions, {
    runAttempt,
    host: createLambdaHost,
    journal: (request) => createMemoryHandlerJournal(stores.journals, request, stores.objects),
    logger: () => noLog,
    ...(keys !== undefined && {
      payloads: () => createAttemptPayloads({ codec: () => aesGcm(keys) }),
    }),
  })
  const document = {
    store: 'memory',
    ingress: { host: '127.0.0.1', port: 0 },
    admin: { host: '127.0.0.1', port: 0 },
    log: { level: 'silent' },
    shutdownMs: 1_000,
    ...(keys !== undefined && { payloads: { encryption: keys } }),
  }
  const config = loadConfig({ FERMATA_CONFIG: JSON.stringify(document), AWS_REGION: 'eu-west-1' })
  const orchestrator = compose(config, {
    ...stores,
    clock,
    invoker: createMemoryInvoker({ handlers: () => handler, clock }),
  })
  const { ingressPort, adminPort } = await orchestrator.start()
  const adminUrl = `http://127.0.0.1:${adminPort}`
  await register(adminUrl)
  return {
    url: `http://127.0.0.1:${ingressPort}`,
    adminUrl,
    stop: () => orchestrator.stop(),
  }
}

async function register(adminUrl: string): Promise<void> {
  const arn = 'arn:aws:lambda:eu-west-1:123456789012:function:handlers:1'
  for (;;) {
    const ready = await fetch(`${adminUrl}/ready`)
    await ready.body?.cancel()
    if (ready.ok) break
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const answer = await fetch(`${adminUrl}/deployments`, {
    method: 'POST',
    body: JSON.stringify({ arn }),
  })
  if (!answer.ok) throw new Error(`Not registered: ${await answer.text()}`)
}
