import type { AddressInfo } from 'node:net'
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import { UsageError } from '../errors.ts'
import { startTimer } from '../node-host.ts'
import { httpTransport } from '../protocol/http.ts'
import { lastPart, tooLarge } from './fetch-adapter.ts'
import type { HttpHandlerOptions } from './options.ts'
import { Refusal } from './problem.ts'
import { answerProblem, type HttpAnswer, type Transport } from './transport.ts'

/** Options of a server of its own. */
export interface ServeOptions extends HttpHandlerOptions {
  /** 9080 by default; 0 is any free one. */
  readonly port?: number | undefined
  /** The address to listen at; by default all of this machine's. */
  readonly host?: string | undefined
}

/** A server that runs. */
export interface HandlerServer {
  /** Where it is reached from this machine. */
  readonly url: string
  /** The one that it got, where any free one was asked for. */
  readonly port: number
  /**
   * Takes nothing new at once; attempts under way end at their next op, and go on elsewhere. What is not over after
   * `graceMs` (25 s by default) is given up, to be tried again elsewhere. Resolves when all connections are closed.
   */
  close(options?: { readonly graceMs?: number | undefined }): Promise<void>
}

const defaultGraceMs = 25_000
/** Time to write the answers of what was given up. */
const lastWordsMs = 1_000

/** `serve()` with its surroundings passed in. */
export async function serveTransport(
  transport: Transport,
  { port = 9080, host = '0.0.0.0', maxBodyBytes }: ServeOptions & { readonly maxBodyBytes: number },
): Promise<HandlerServer> {
  const app = createApp(transport, maxBodyBytes)
  try {
    await app.listen({ port, host })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new UsageError('option-invalid', `Cannot listen at ${host}:${port}: ${reason}`, { cause })
  }
  const listening = (app.server.address() as AddressInfo).port
  let closed: Promise<void> | undefined
  return {
    port: listening,
    url: `http://${reachable(host)}:${listening}`,
    close: ({ graceMs = defaultGraceMs } = {}) => {
      closed ??= close(app, transport, graceMs)
      return closed
    },
  }
}

function createApp(transport: Transport, maxBodyBytes: number): FastifyInstance {
  const app = fastify({
    bodyLimit: maxBodyBytes,
    // Connections that are kept alive are answered until they are closed, with 503.
    return503OnClosing: false,
    forceCloseConnections: false,
    // Attempts take as long as they take.
    connectionTimeout: 0,
    requestTimeout: 0,
  })
  let isClosing = false
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.addHook('preClose', async () => {
    isClosing = true
  })
  app.addHook('onSend', async (_request, reply) => {
    if (isClosing) reply.header('connection', 'close')
  })
  app.setErrorHandler((error, _request, reply) => {
    const refusal = isTooLarge(error) ? tooLarge(maxBodyBytes) : badRequest(error)
    return send(reply, answerProblem(refusal.problem))
  })
  app.all('/*', async (request, reply) => send(reply, await transport.answer(callOf(request))))
  return app
}

function callOf({ method, url, headers, body }: FastifyRequest) {
  const signature = headers[httpTransport.signatureHeader]
  const [pathname = ''] = url.split('?')
  return {
    method,
    path: lastPart(pathname),
    signature: typeof signature === 'string' ? signature : undefined,
    body: async () => (Buffer.isBuffer(body) ? body : Buffer.alloc(0)),
  }
}

function send(reply: FastifyReply, { status, headers, body }: HttpAnswer): FastifyReply {
  return reply
    .code(status)
    .headers({ ...headers })
    .send(body)
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'statusCode' in error && error.statusCode === 413
}

function badRequest(error: unknown): Refusal {
  const reason = error instanceof Error ? error.message : String(error)
  return new Refusal('bad-request', `The request cannot be read: ${reason}`)
}

async function close(app: FastifyInstance, transport: Transport, graceMs: number): Promise<void> {
  transport.retire()
  const closed = app.close()
  app.server.closeIdleConnections()
  const stopGrace = startTimer(graceMs, () => transport.abandon())
  const stopEnd = startTimer(graceMs + lastWordsMs, () => app.server.closeAllConnections())
  try {
    await closed
  } finally {
    stopGrace()
    stopEnd()
  }
}

/** A name for an address that listens everywhere. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
