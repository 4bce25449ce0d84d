import type { FastifyInstance } from 'fastify'
import { FermataError } from '../../domain/errors.ts'
import type { Admin, IdentityView, Ingress, Logger } from '../../ports/index.ts'
import { addAdminRoutes } from './admin-routes.ts'
import { addIdentityRoutes } from './identity-routes.ts'
import { addIngressRoutes } from './ingress-routes.ts'
import { createServer } from './server.ts'
import { WaitingRequests } from './waiting-requests.ts'

export interface HttpServersOptions {
  readonly ingress: Ingress
  readonly admin: Admin
  readonly config: {
    readonly ingress: {
      readonly host: string
      readonly port: number
      readonly maxBodyBytes: number
    }
    readonly admin: { readonly host: string; readonly port: number }
    /** How long `stop` waits for what is in progress. */
    readonly shutdownMs: number
  }
  readonly logger: Logger
  /** What requests to functions are signed with, for `GET /identity`. */
  readonly identity?: () => Promise<IdentityView>
  /** Of this program, for `GET /version`. */
  readonly version?: string
}

export interface HttpServers {
  /** Listens; port 0 is any free one. @throws FermataError `config-invalid` when a port is taken */
  start(): Promise<{ readonly ingressPort: number; readonly adminPort: number }>
  /**
   * Accepts nothing any more at once, lets what is in progress end, and after `graceMs` (`shutdownMs`) sends away who
   * still waits for an invocation. The admin server goes last, so that `/health` answers meanwhile.
   */
  stop(graceMs?: number): Promise<void>
}

/** The two servers of the orchestrator: the ingress for callers, the admin API for operators. */
export function createHttpServers(options: HttpServersOptions): HttpServers {
  const { ingress, admin, config, logger, version = 'unknown', identity = unsigned } = options
  const waiting = new WaitingRequests()
  const { maxBodyBytes } = config.ingress
  const ingressApp = createServer({ name: 'ingress', maxBodyBytes, logger })
  const adminApp = createServer({ name: 'admin', maxBodyBytes, logger })
  const stopping = refuseWhenStopping(ingressApp)
  addIngressRoutes(ingressApp, { ingress, waiting })
  addAdminRoutes(adminApp, { admin, version })
  addIdentityRoutes(adminApp, identity)
  return {
    async start() {
      const ingressPort = await listen(ingressApp, 'ingress', config.ingress)
      try {
        const adminPort = await listen(adminApp, 'admin', config.admin)
        logger.info({ ingressPort, adminPort }, 'listening')
        return { ingressPort, adminPort }
      } catch (error) {
        await ingressApp.close()
        throw error
      }
    },
    async stop(graceMs = config.shutdownMs) {
      stopping.begin()
      await drain(ingressApp, graceMs, () => waiting.release())
      await drain(adminApp, lastWordsMs, () => {})
    },
  }
}

const unsigned = async (): Promise<IdentityView> => ({ algorithm: 'none' })

/** Time to write the answers to those who were sent away. */
const lastWordsMs = 1_000

/** Connections that are kept alive may bring requests after the port is closed. */
function refuseWhenStopping(app: FastifyInstance): { begin(): void } {
  let isStopping = false
  app.addHook('onRequest', async (_request, reply) => {
    if (!isStopping) return
    reply.header('connection', 'close')
    throw new FermataError('not-ready', 'This replica stops: send the request to another')
  })
  app.addHook('onSend', async (_request, reply) => {
    if (isStopping) reply.header('connection', 'close')
  })
  return {
    begin: () => {
      isStopping = true
    },
  }
}

async function drain(app: FastifyInstance, graceMs: number, release: () => void): Promise<void> {
  const closed = app.close()
  app.server.closeIdleConnections()
  const grace = setTimeout(release, graceMs)
  const end = setTimeout(() => app.server.closeAllConnections(), graceMs + lastWordsMs)
  try {
    await closed
  } finally {
    clearTimeout(grace)
    clearTimeout(end)
  }
}

async function listen(
  app: FastifyInstance,
  name: string,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<number> {
  try {
    await app.listen({ host, port })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new FermataError(
      'config-invalid',
      `The ${name} cannot listen on ${host}:${port} (${name}.host, ${name}.port): ${reason}`,
      { cause },
    )
  }
  const address = app.server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}
