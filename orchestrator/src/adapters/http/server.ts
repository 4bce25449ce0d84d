import type { Socket } from 'node:net'
import { type FastifyError, type FastifyInstance, type FastifyReply, fastify } from 'fastify'
import type { Logger } from '../../ports/index.ts'
import { sendProblem } from './bodies.ts'
import { internalProblem, problem, problemOfError, problemType } from './problem.ts'

export interface ServerOptions {
  readonly name: 'ingress' | 'admin'
  readonly maxBodyBytes: number
  readonly logger: Logger
}

/** A request, with its body, comes within this time. The answer may take as long as it takes. */
const requestMs = 120_000
/** Longer than a load balancer keeps a silent connection: it may use one again in the moment in which we close it. */
const keepAliveMs = 11 * 60_000

/** A server without routes that answers every mistake as problem JSON. */
export function createServer({ name, maxBodyBytes, logger }: ServerOptions): FastifyInstance {
  const log = logger.child({ server: name })
  const app = fastify({
    bodyLimit: maxBodyBytes,
    // Closing is ours: see `drain`.
    return503OnClosing: false,
    forceCloseConnections: false,
    requestTimeout: requestMs,
    keepAliveTimeout: keepAliveMs,
    routerOptions: { maxParamLength: 1_024, ignoreTrailingSlash: true },
    frameworkErrors: (error, _request, reply) => answerError(error, reply, log),
    clientErrorHandler: answerGarbage,
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.setErrorHandler<FastifyError>((error, _request, reply) => answerError(error, reply, log))
  app.setNotFoundHandler(({ method, url }, reply) =>
    sendProblem(reply, problem('not-found', 404, `Nothing answers to ${method} ${url}`)),
  )
  app.addHook('onResponse', async ({ method, url }, reply) => {
    const invocation = reply.getHeader('x-fermata-invocation-id')
    const ms = Math.round(reply.elapsedTime)
    const fields = { method, url, status: reply.statusCode, ms }
    log.debug(invocation === undefined ? fields : { ...fields, invocation }, 'answered')
  })
  return app
}

function answerError(error: unknown, reply: FastifyReply, log: Logger): FastifyReply {
  const answer = problemOfError(error) ?? internalProblem()
  const { method, url } = reply.request
  if (answer.status === 500) log.error({ error, method, url }, 'a request met a bug or damage')
  return sendProblem(reply, answer)
}

type Refusal = readonly [status: number, phrase: string, detail: string]

const refusals: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large', 'The headers are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'The request did not come to its end in time'],
}
const noHttp: Refusal = [400, 'Bad Request', 'This is not HTTP']

/** What is not HTTP, headers that are too large, or a request that is too slow: there is none to answer to. */
function answerGarbage(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return
  const [status, phrase, detail] = refusals[error.code ?? ''] ?? noHttp
  const body = JSON.stringify(problem('bad-request', status, detail))
  const head = [
    `HTTP/1.1 ${status} ${phrase}`,
    `content-type: ${problemType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
