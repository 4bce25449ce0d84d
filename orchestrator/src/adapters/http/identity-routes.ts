import type { FastifyInstance } from 'fastify'
import type { IdentityView } from '../../ports/index.ts'
import { sendJson } from './bodies.ts'
import { route } from './routes.ts'

/** What servers of handlers are to trust. No secret is in it. */
export function addIdentityRoutes(
  app: FastifyInstance,
  identity: () => Promise<IdentityView>,
): void {
  route(app, '/identity', {
    GET: async (_request, reply) => sendJson(reply, 200, await identity()),
  })
}
