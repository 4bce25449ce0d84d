import {
  type InvocationId,
  parseInvocationId,
  type Target,
  targetSchema,
} from '@fermata/lambda-runtime/protocol'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import * as v from 'valibot'
import { FermataError } from '../../domain/errors.ts'
import type { Ingress, Submission, Submitted } from '../../ports/index.ts'
import { readInput, readJson, readValue, sendJson, sendOutcome } from './bodies.ts'
import { addNewsRoutes } from './news-routes.ts'
import { rejectionSchema } from './rejection.ts'
import { idempotencyKeyOf, invocationHeaders } from './request-headers.ts'
import { param, route } from './routes.ts'
import { readSendQuery } from './send-query.ts'
import { check, checkNoQuery } from './validation.ts'
import type { WaitingRequests } from './waiting-requests.ts'

const invocationIdHeader = 'x-fermata-invocation-id'

export interface IngressRoutesDeps {
  readonly ingress: Ingress
  readonly waiting: WaitingRequests
}

/** What the outside world calls handlers with, and completes awakeables. */
export function addIngressRoutes(app: FastifyInstance, deps: IngressRoutesDeps): void {
  const { ingress } = deps
  addNewsRoutes(app, ingress)
  route(app, '/:service/:handler', { POST: (request, reply) => call(deps, request, reply) })
  route(app, '/:service/:handler/send', { POST: (request, reply) => send(ingress, request, reply) })
  route(app, '/:service/:key/:handler', { POST: (request, reply) => call(deps, request, reply) })
  route(app, '/:service/:key/:handler/send', {
    POST: (request, reply) => send(ingress, request, reply),
  })
  route(app, '/invocations/:id/attach', {
    GET: (request, reply) => attach(deps, invocationId(request), reply),
  })
  route(app, '/invocations/:id/output', {
    GET: (request, reply) => output(ingress, invocationId(request), reply),
  })
  route(app, '/awakeables/:id/resolve', {
    POST: async (request, reply) => {
      const value = readValue(request)
      const key = idempotencyKeyOf(request)
      await ingress.completeAwakeable(param(request, 'id'), { kind: 'value', value }, key)
      return reply.code(204).send()
    },
  })
  route(app, '/awakeables/:id/reject', {
    POST: async (request, reply) => {
      const failure = check(rejectionSchema, readJson(request))
      await ingress.completeAwakeable(
        param(request, 'id'),
        { kind: 'failure', failure: { code: 'awakeable-rejected', ...failure } },
        idempotencyKeyOf(request),
      )
      return reply.code(204).send()
    },
  })
}

async function call(
  deps: IngressRoutesDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  checkNoQuery(request.query)
  const { invocationId: id } = await submit(deps.ingress, request, reply, undefined)
  return attach(deps, id, reply)
}

async function send(
  ingress: Ingress,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { delayMs, collect } = readSendQuery(request.query)
  if (collect === undefined) {
    return sendJson(reply, 202, await submit(ingress, request, reply, delayMs))
  }
  const status = await ingress.collect(await submissionOf(ingress, request, undefined), collect)
  return sendJson(reply, 202, { status })
}

async function submit(
  ingress: Ingress,
  request: FastifyRequest,
  reply: FastifyReply,
  delayMs: number | undefined,
): Promise<Submitted> {
  const submission = await submissionOf(ingress, request, delayMs)
  const { invocationId: id, status } = await ingress.submit(submission)
  reply.header(invocationIdHeader, id)
  return { invocationId: id, status }
}

async function submissionOf(
  ingress: Ingress,
  request: FastifyRequest,
  delayMs: number | undefined,
): Promise<Submission> {
  const target = targetOf(request)
  const { accepts } = await ingress.mediaOf(target)
  return {
    target,
    input: readInput(request, accepts),
    headers: invocationHeaders(request.headers),
    idempotencyKey: idempotencyKeyOf(request),
    delayMs,
  }
}

function targetOf(request: FastifyRequest): Target {
  const key = param(request, 'key')
  const target = {
    service: param(request, 'service'),
    handler: param(request, 'handler'),
    ...(key === '' ? {} : { key }),
  }
  const parsed = v.safeParse(targetSchema, target)
  if (parsed.success) return parsed.output
  throw new FermataError(
    'handler-not-found',
    `"${target.service}/${target.handler}" cannot be a handler: names are letters, digits, "_" and "-", and begin with a letter; keys have 1 to 512 bytes`,
  )
}

async function attach(
  { ingress, waiting }: IngressRoutesDeps,
  id: InvocationId,
  reply: FastifyReply,
): Promise<FastifyReply> {
  reply.header(invocationIdHeader, id)
  const outcome = await waiting.wait(reply, (signal) => ingress.attach(id, signal))
  return sendOutcome(reply, outcome, (await ingress.mediaOf(id)).answers)
}

async function output(
  ingress: Ingress,
  id: InvocationId,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const outcome = await ingress.output(id)
  reply.header(invocationIdHeader, id)
  if (outcome !== undefined) {
    return sendOutcome(reply, outcome, (await ingress.mediaOf(id)).answers)
  }
  reply.header('retry-after', '1')
  return sendJson(reply, 202, { invocationId: id, status: 'pending' })
}

/** @throws ProtocolError `bad-invocation-id` */
function invocationId(request: FastifyRequest): InvocationId {
  return parseInvocationId(param(request, 'id'))
}
