import { createHttpServers, type HttpServers } from '@fermata/orchestrator/adapters/http/servers'
import { createLogger } from '@fermata/orchestrator/adapters/telemetry/pino-logger'
import { FermataError } from '@fermata/orchestrator/domain/errors'
import type { Admin, IdentityView, Ingress } from '@fermata/orchestrator/ports'
import { onTestFinished } from 'vitest'

export interface SetUp {
  readonly servers: HttpServers
  readonly ingressPort: number
  /** Of the ingress, `http://127.0.0.1:…`. */
  readonly ingressUrl: string
  readonly adminUrl: string
  /** What was logged, a line each. */
  readonly log: readonly Record<string, unknown>[]
  post(
    path: string,
    body?: string | Uint8Array<ArrayBuffer>,
    headers?: Record<string, string>,
  ): Promise<Answer>
  get(path: string): Promise<Answer>
  admin(method: string, path: string, body?: unknown): Promise<Answer>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body as JSON; `undefined` where it is none. */
  readonly json: unknown
}

export interface Doubles {
  readonly ingress?: Partial<Ingress>
  readonly admin?: Partial<Admin>
  readonly maxBodyBytes?: number
  readonly identity?: () => Promise<IdentityView>
}

/** Both servers on free ports over doubles. A method that a test does not bring is a bug when it is called. */
export async function setUp(doubles: Doubles = {}): Promise<SetUp> {
  const log: Record<string, unknown>[] = []
  const destination = { write: (line: string) => void log.push(JSON.parse(line)) }
  const servers = createHttpServers({
    ingress: { ...unexpectedIngress, ...doubles.ingress },
    admin: { ...unexpectedAdmin, ...doubles.admin },
    config: {
      ingress: { host: '127.0.0.1', port: 0, maxBodyBytes: doubles.maxBodyBytes ?? 1_000 },
      admin: { host: '127.0.0.1', port: 0 },
      shutdownMs: 5_000,
    },
    logger: createLogger({ level: 'debug', destination }),
    version: '1.2.3',
    ...(doubles.identity !== undefined && { identity: doubles.identity }),
  })
  const { ingressPort, adminPort } = await servers.start()
  onTestFinished(() => servers.stop(0))
  const ingressUrl = `http://127.0.0.1:${ingressPort}`
  const adminUrl = `http://127.0.0.1:${adminPort}`
  return {
    servers,
    ingressPort,
    ingressUrl,
    adminUrl,
    log,
    post: (path, body, headers = {}) =>
      ask(`${ingressUrl}${path}`, { method: 'POST', headers, ...(body !== undefined && { body }) }),
    get: (path) => ask(`${ingressUrl}${path}`, {}),
    admin: (method, path, body) =>
      ask(`${adminUrl}${path}`, {
        method,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
  }
}

async function ask(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, init)
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: parse(text) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const unexpected = (): never => {
  throw new Error('nobody expected this call')
}

const unexpectedIngress: Ingress = {
  collect: unexpected,
  submit: unexpected,
  attach: unexpected,
  output: unexpected,
  mediaOf: async () => ({}),
  completeAwakeable: unexpected,
  signal: unexpected,
  cancel: unexpected,
  heartbeat: unexpected,
  completePromise: unexpected,
  peekPromise: unexpected,
}

const unexpectedAdmin: Admin = {
  schedules: {
    list: unexpected,
    get: unexpected,
    put: unexpected,
    remove: unexpected,
    pause: unexpected,
    resume: unexpected,
  },
  register: unexpected,
  deployments: unexpected,
  deployment: unexpected,
  removeDeployment: unexpected,
  services: unexpected,
  service: unexpected,
  setPolicy: unexpected,
  invocations: unexpected,
  subscribe: unexpected,
  subscriptions: unexpected,
  unsubscribe: unexpected,
  dead: unexpected,
  invocation: unexpected,
  journal: unexpected,
  object: unexpected,
  changeState: unexpected,
  waits: unexpected,
  cancel: unexpected,
  kill: unexpected,
  pause: unexpected,
  resume: unexpected,
  restart: unexpected,
  purge: unexpected,
  health: () => ({ ok: true }),
  ready: () => ({ ready: true, reasons: [] }),
}

export const refuse = (code: ConstructorParameters<typeof FermataError>[0], message: string) =>
  (async () => {
    throw new FermataError(code, message)
  }) satisfies () => Promise<never>
