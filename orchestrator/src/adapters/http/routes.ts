import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { sendProblem } from './bodies.ts'
import { problem } from './problem.ts'

export type RouteHandler = (request: FastifyRequest, reply: FastifyReply) => unknown

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const
type Method = (typeof methods)[number]

/** Serves `url` by method; the other methods are answered 405 instead of 404. */
export function route(
  app: FastifyInstance,
  url: string,
  handlers: { readonly [M in Method]?: RouteHandler },
): void {
  const served = methods.filter((method) => handlers[method] !== undefined)
  const allow = served.includes('GET') ? ['HEAD', ...served] : served
  for (const method of methods) {
    const handler = handlers[method] ?? notAllowed(allow.join(', '))
    app.route({ method, url, handler: async (request, reply) => handler(request, reply) })
  }
}

function notAllowed(allow: string): RouteHandler {
  return ({ method }, reply) => {
    reply.header('allow', allow)
    const detail = `${method} is not served here; ${allow} is`
    return sendProblem(reply, problem('method-not-allowed', 405, detail))
  }
}

/** The text of a path parameter. */
export function param(request: FastifyRequest, name: string): string {
  const value: unknown = (request.params as Readonly<Record<string, unknown>>)[name]
  return typeof value === 'string' ? value : ''
}
