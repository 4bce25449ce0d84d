import { parseInvocationId } from '@fermata/lambda-runtime/protocol'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import * as v from 'valibot'
import type { InvocationControl } from '../../ports/index.ts'
import { readJson, sendJson } from './bodies.ts'
import { idempotencyKeyOf } from './request-headers.ts'
import { param, type RouteHandler, route } from './routes.ts'
import { check, checkNoQuery, closed } from './validation.ts'

const reasonSchema = closed({
  reason: v.optional(v.pipe(v.string(), v.maxLength(1_000, 'expected at most 1000 characters'))),
})
const resumeSchema = closed({ deployment: v.optional(v.string()) })
const restartSchema = closed({
  from: v.optional(
    v.pipe(
      v.number('expected the number of an op'),
      v.integer('expected the number of an op'),
      v.minValue(0, 'expected the number of an op'),
    ),
  ),
})

/** What operators do to single invocations. All but a purge answer with the invocation's id. */
export function addControlRoutes(app: FastifyInstance, control: InvocationControl): void {
  addCancelRoute(app, control)
  route(app, '/invocations/:id/kill', { POST: withReason((...of) => control.kill(...of)) })
  route(app, '/invocations/:id/pause', { POST: withReason((...of) => control.pause(...of)) })
  route(app, '/invocations/:id/resume', {
    POST: async (request, reply) => {
      const { deployment } = bodyOf(request, resumeSchema)
      await control.resume(idOf(request), { deployment })
      return accepted(request, reply)
    },
  })
  route(app, '/invocations/:id/restart', {
    POST: async (request, reply) => {
      const { from } = bodyOf(request, restartSchema)
      const idempotencyKey = idempotencyKeyOf(request)
      return sendJson(reply, 202, await control.restart(idOf(request), { from, idempotencyKey }))
    },
  })
}

/** Operators cancel, and clients do. */
export function addCancelRoute(
  app: FastifyInstance,
  control: Pick<InvocationControl, 'cancel'>,
): void {
  const cancel = withReason((...of) => control.cancel(...of))
  route(app, '/invocations/:id/cancel', { POST: cancel })
}

function withReason(act: InvocationControl['cancel']): RouteHandler {
  return async (request, reply) => {
    const { reason } = bodyOf(request, reasonSchema)
    await act(idOf(request), reason)
    return accepted(request, reply)
  }
}

/** For `DELETE /invocations/{id}`. */
export function purgeRoute(control: InvocationControl): RouteHandler {
  return async (request, reply) => {
    checkNoQuery(request.query)
    await control.purge(idOf(request))
    return reply.code(204).send()
  }
}

function idOf(request: FastifyRequest) {
  return parseInvocationId(param(request, 'id'))
}

function bodyOf<S extends v.GenericSchema>(request: FastifyRequest, schema: S): v.InferOutput<S> {
  checkNoQuery(request.query)
  return check(schema, readJson(request) ?? {})
}

function accepted(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return sendJson(reply, 202, { invocationId: idOf(request) })
}
