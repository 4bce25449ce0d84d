import type { FastifyInstance } from 'fastify'
import * as v from 'valibot'
import { deploymentUrlSchema } from '../../domain/deployment-url.ts'
import type { DeploymentAdmin } from '../../ports/index.ts'
import { readJson, sendJson } from './bodies.ts'
import { param, route } from './routes.ts'
import { check, checkNoQuery, closed } from './validation.ts'

const registrationSchema = v.pipe(
  closed({
    arn: v.exactOptional(
      v.pipe(v.string(), v.nonEmpty('expected the ARN of a published version or alias')),
    ),
    url: v.exactOptional(deploymentUrlSchema),
    force: v.exactOptional(v.boolean('expected true or false'), false),
    newest: v.exactOptional(v.boolean('expected true or false'), false),
  }),
  v.check(
    ({ arn, url }) => (arn === undefined) !== (url === undefined),
    'expected either the ARN of a function (arn) or the URL of a server (url)',
  ),
  v.transform(({ arn, url, ...options }) => ({ address: arn ?? url ?? '', options })),
)

const flagSchema = v.pipe(
  v.picklist(['true', 'false'], 'expected true or false'),
  v.transform((text) => text === 'true'),
)
const removalSchema = closed({ force: v.exactOptional(flagSchema, 'false') })

/** Which code serves what. */
export function addDeploymentRoutes(app: FastifyInstance, admin: DeploymentAdmin): void {
  route(app, '/deployments', {
    GET: async (_request, reply) =>
      sendJson(reply, 200, { deployments: await admin.deployments() }),
    POST: async (request, reply) => {
      const { address, options } = check(registrationSchema, readJson(request) ?? {})
      return sendJson(reply, 201, await admin.register(address, options))
    },
  })
  route(app, '/deployments/:id', {
    GET: async (request, reply) => {
      checkNoQuery(request.query)
      return sendJson(reply, 200, await admin.deployment(param(request, 'id')))
    },
    DELETE: async (request, reply) => {
      const { force } = check(removalSchema, request.query)
      await admin.removeDeployment(param(request, 'id'), { force })
      return reply.code(204).send()
    },
  })
}
