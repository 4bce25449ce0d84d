import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ServiceAdmin } from '../../ports/index.ts'
import { readJson, sendJson } from './bodies.ts'
import { policyDocumentSchema, serviceView } from './policy-document.ts'
import { param, route } from './routes.ts'
import { check, checkNoQuery } from './validation.ts'

/** What is served, and by which policies. */
export function addServiceRoutes(app: FastifyInstance, admin: ServiceAdmin): void {
  const patch =
    (nameOf: (request: FastifyRequest) => string | undefined) =>
    async (request: FastifyRequest, reply: FastifyReply) => {
      checkNoQuery(request.query)
      const document = check(policyDocumentSchema, readJson(request) ?? null)
      const service = param(request, 'service')
      const view = await admin.setPolicy({ service, handler: nameOf(request) }, document)
      return sendJson(reply, 200, serviceView(view))
    }
  route(app, '/services', {
    GET: async (request, reply) => {
      checkNoQuery(request.query)
      return sendJson(reply, 200, { services: (await admin.services()).map(serviceView) })
    },
  })
  route(app, '/services/:service', {
    GET: async (request, reply) => {
      checkNoQuery(request.query)
      return sendJson(reply, 200, serviceView(await admin.service(param(request, 'service'))))
    },
    PATCH: patch(() => undefined),
  })
  route(app, '/services/:service/handlers/:handler', {
    PATCH: patch((request) => param(request, 'handler')),
  })
}
