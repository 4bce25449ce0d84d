import {
  type Outcome,
  type PromiseRef,
  parseInvocationId,
  promiseRefSchema,
} from '@fermata/lambda-runtime/protocol'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import * as v from 'valibot'
import type { News } from '../../ports/index.ts'
import { readJson, readValue, sendJson, sendOutcome } from './bodies.ts'
import { addCancelRoute } from './control-routes.ts'
import { rejectionSchema } from './rejection.ts'
import { idempotencyKeyOf } from './request-headers.ts'
import { param, route } from './routes.ts'
import { check, checkNoQuery } from './validation.ts'

const maxNameBytes = 512
const nameSchema = v.pipe(
  v.string(),
  v.nonEmpty('expected a name'),
  v.maxBytes(maxNameBytes, `expected a name of at most ${maxNameBytes} bytes`),
)

/** What the outside tells running invocations: signals, signs of life, and how durable promises end. */
export function addNewsRoutes(app: FastifyInstance, news: News): void {
  route(app, '/invocations/:id/signals/:name', {
    POST: async (request, reply) => {
      checkNoQuery(request.query)
      const id = parseInvocationId(param(request, 'id'))
      const name = check(nameSchema, param(request, 'name'))
      const signalId = idempotencyKeyOf(request)
      await news.signal(id, { name, value: readValue(request), signalId })
      return reply.code(204).send()
    },
  })
  route(app, '/awakeables/:id/heartbeat', {
    POST: async (request, reply) => {
      checkNoQuery(request.query)
      await news.heartbeat(param(request, 'id'))
      return reply.code(204).send()
    },
  })
  addCancelRoute(app, news)
  addPromiseRoutes(app, news)
}

function addPromiseRoutes(app: FastifyInstance, news: News): void {
  const path = '/workflows/:workflow/:key/promises/:name'
  const complete = async (request: FastifyRequest, outcome: Outcome) => {
    checkNoQuery(request.query)
    await news.completePromise(promiseOf(request), outcome, idempotencyKeyOf(request))
  }
  route(app, path, {
    GET: async (request, reply) => {
      checkNoQuery(request.query)
      const outcome = await news.peekPromise(promiseOf(request))
      if (outcome !== undefined) return sendOutcome(reply, outcome)
      return sendJson(reply, 202, { status: 'pending' })
    },
  })
  route(app, `${path}/resolve`, {
    POST: async (request, reply) => {
      await complete(request, { kind: 'value', value: readValue(request) })
      return reply.code(204).send()
    },
  })
  route(app, `${path}/reject`, {
    POST: async (request, reply) => {
      const failure = check(rejectionSchema, readJson(request))
      await complete(request, {
        kind: 'failure',
        failure: { code: 'promise-rejected', ...failure },
      })
      return reply.code(204).send()
    },
  })
}

function promiseOf(request: FastifyRequest): PromiseRef {
  const workflow = param(request, 'workflow')
  const name = check(nameSchema, param(request, 'name'))
  return check(promiseRefSchema, { workflow, key: param(request, 'key'), name })
}
