import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { type Definition, handle, service } from '@fermata/lambda-runtime'
import type { HttpHandlerOptions } from '@fermata/lambda-runtime/http'
import {
  deriveInvocationId,
  type InvokeRequest,
  protocolVersion,
} from '@fermata/lambda-runtime/protocol'
import { fetchHandlerOf } from '../../../lambda-runtime/src/http/fetch-adapter.ts'
import { resolveHttpOptions } from '../../../lambda-runtime/src/http/options.ts'
import { createTransport, type Transport } from '../../../lambda-runtime/src/http/transport.ts'
import type { HandlerJournal } from '../../../lambda-runtime/src/replay/ports.ts'
import { noLog } from '../../../lambda-runtime/src/replay/replay-log.ts'
import { runAttempt } from '../../../lambda-runtime/src/replay/run-attempt.ts'

/** Where handlers wait until a test opens it. */
export type Gate = {
  open(): void
  /** Once so many have come here, those of before counted. */
  arrived(count: number): Promise<void>
}

export function createGate(): Gate & { pass(): Promise<void> } {
  const opened = Promise.withResolvers<void>()
  let arrivals = 0
  let waiters: { readonly count: number; readonly tell: () => void }[] = []
  return {
    open: opened.resolve,
    arrived(count) {
      const { promise, resolve } = Promise.withResolvers<void>()
      if (arrivals >= count) resolve()
      else waiters.push({ count, tell: resolve })
      return promise
    },
    pass() {
      arrivals += 1
      for (const { count, tell } of waiters) if (count <= arrivals) tell()
      waiters = waiters.filter(({ count }) => count > arrivals)
      return opened.promise
    },
  }
}

export type Stage = {
  readonly transport: Transport
  readonly fetch: (request: Request) => Promise<Response>
  /** What the handlers appended, across all invocations. */
  readonly appended: string[]
}

export function onStage(
  definitions: readonly Definition[],
  options: HttpHandlerOptions = {},
  now: () => number = Date.now,
): Stage {
  const resolved = resolveHttpOptions(options)
  const appended: string[] = []
  const journal: HandlerJournal = {
    async append(segment) {
      appended.push(...segment.entries.map(({ kind }) => kind))
      return 'appended'
    },
    tail: async () => [],
    stateValue: async () => undefined,
  }
  const transport = createTransport(definitions, resolved, {
    runAttempt,
    journal: () => journal,
    payloads: async () => undefined,
    logger: () => noLog,
    now,
  })
  return { transport, fetch: fetchHandlerOf(transport, resolved.maxBodyBytes), appended }
}

export const url = 'http://handlers.test'

export function post(body: unknown, headers: Readonly<Record<string, string>> = {}): Request {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return new Request(`${url}/invoke`, { method: 'POST', body: text, headers: { ...headers } })
}

/** The first attempt at `path` (`service/handler`), which may take so long. */
export function requestTo(path: string, timeoutMs = 60_000, input: unknown = null): InvokeRequest {
  const [service = '', handler = ''] = path.split('/')
  const target = { service, handler }
  // The orchestrator's clock is an hour behind: only the difference counts.
  const at = Date.now() - 3_600_000
  return {
    protocol: protocolVersion,
    kind: 'invoke',
    invocation: deriveInvocationId(service, [handler, String(Math.random())]),
    target,
    epoch: 1,
    attempt: 1,
    journal: [
      {
        ...{ protocol: protocolVersion, n: 0, born: 'b', epoch: 1, by: 'orchestrator' },
        ...{ writer: 'w', at },
        entries: [
          {
            kind: 'created',
            target,
            input: { json: input as string },
            headers: {},
            origin: { kind: 'http' },
            retentionMs: 1_000,
          },
          { kind: 'attempt', epoch: 1, deployment: 'd', deadline: at + timeoutMs },
        ],
      },
    ],
    expires: at + 1_000_000,
    channel: { kind: 'dynamodb', table: 't', region: 'eu-west-1' },
  }
}

export const greeter = service('greeter', {
  greet: handle(async (_ctx, name: string) => `Hello, ${name}`),
})

export type Pair = { readonly privateKey: string; readonly publicKey: string }

export function createPair(): Pair {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const pem = (key: KeyObject, type: 'pkcs8' | 'spki') =>
    key.export({ type, format: 'pem' }).toString()
  return { privateKey: pem(privateKey, 'pkcs8'), publicKey: pem(publicKey, 'spki') }
}
