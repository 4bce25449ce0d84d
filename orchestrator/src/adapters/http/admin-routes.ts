import { parseInvocationId, protocolVersion } from '@fermata/lambda-runtime/protocol'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import * as v from 'valibot'
import {
  subscriptionFields,
  subscriptionOptionFields,
  subscriptionOwner,
} from '../../domain/subscription-schema.ts'
import { deadRecordName } from '../../domain/subscriptions/dead-record.ts'
import type { Admin, SubscriptionSpec } from '../../ports/index.ts'
import { readJson, sendJson, sendProblem } from './bodies.ts'
import { addControlRoutes, purgeRoute } from './control-routes.ts'
import { addDeploymentRoutes } from './deployment-routes.ts'
import { addListingRoutes } from './listing-routes.ts'
import { addObjectRoutes } from './object-routes.ts'
import { problem } from './problem.ts'
import { param, type RouteHandler, route } from './routes.ts'
import { addScheduleRoutes } from './schedule-routes.ts'
import { addServiceRoutes } from './service-routes.ts'
import { check, checkNoQuery, closed } from './validation.ts'

export interface AdminRoutesDeps {
  readonly admin: Admin
  /** Of this program. */
  readonly version: string
}

/** What operators and deploy scripts use. */
export function addAdminRoutes(app: FastifyInstance, { admin, version }: AdminRoutesDeps): void {
  route(app, '/health', { GET: (_request, reply) => health(admin, reply) })
  route(app, '/ready', { GET: (_request, reply) => ready(admin, reply) })
  route(app, '/version', {
    GET: (_request, reply) =>
      sendJson(reply, 200, { version, protocol: protocolVersion, node: process.version }),
  })
  addDeploymentRoutes(app, admin)
  addServiceRoutes(app, admin)
  addListingRoutes(app, admin)
  addSubscriptionRoutes(app, admin)
  addScheduleRoutes(app, admin.schedules)
  addInvocationRoutes(app, admin)
  addObjectRoutes(app, admin)
}

function health(admin: Admin, reply: FastifyReply): FastifyReply {
  const { ok } = admin.health()
  return sendJson(reply, ok ? 200 : 503, { ok })
}

function ready(admin: Admin, reply: FastifyReply): FastifyReply {
  const { ready: isReady, reasons } = admin.ready()
  if (isReady) return sendJson(reply, 200, { ready: true, reasons })
  return sendProblem(
    reply,
    problem('not-ready', 503, reasons.join('; '), { ready: false, reasons }),
  )
}

const subscriptionSchema = v.pipe(
  closed({
    ...subscriptionFields,
    options: v.exactOptional(
      closed({
        startFrom: subscriptionOptionFields.startFrom,
        limits: subscriptionOptionFields.limits,
        owner: v.exactOptional(subscriptionOwner),
        onFailure: v.optional(v.never('is not supported yet')),
      }),
    ),
  }),
  v.transform(({ name, source, sink, options }): SubscriptionSpec => {
    if (options === undefined) return { name, source, sink }
    const { startFrom, limits, owner } = options
    return {
      name,
      source,
      sink,
      options: {
        ...(startFrom !== undefined && { startFrom }),
        ...(limits !== undefined && { limits }),
        ...(owner !== undefined && { owner }),
      },
    }
  }),
)

const deadQuerySchema = closed({
  subscription: v.optional(v.string()),
  after: v.optional(v.string(), ''),
  limit: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^\d{1,4}$/, 'expected a number from 1 to 1000'),
      v.transform(Number),
      v.minValue(1, 'expected a number from 1 to 1000'),
      v.maxValue(1_000, 'expected a number from 1 to 1000'),
    ),
    '100',
  ),
})

function addSubscriptionRoutes(app: FastifyInstance, admin: Admin): void {
  route(app, '/subscriptions', {
    GET: async (_request, reply) =>
      sendJson(reply, 200, { subscriptions: await admin.subscriptions() }),
    POST: async (request, reply) => {
      const spec = check(subscriptionSchema, readJson(request) ?? {}, 'subscription-invalid')
      return sendJson(reply, 201, await admin.subscribe(spec))
    },
  })
  route(app, '/subscriptions/:name', {
    DELETE: answer204((request) => admin.unsubscribe(param(request, 'name'))),
  })
  route(app, '/dead', {
    GET: async (request, reply) => {
      const { subscription, after, limit } = check(deadQuerySchema, request.query)
      const dead = await admin.dead(subscription, after, limit)
      const last = dead.length === limit ? dead.at(-1) : undefined
      // The page after this one begins `after` the last record of it.
      const next = last === undefined ? {} : { next: deadRecordName(last.subscription, last) }
      return sendJson(reply, 200, { dead, ...next })
    },
  })
}

function addInvocationRoutes(app: FastifyInstance, admin: Admin): void {
  const idOf = (request: FastifyRequest) => parseInvocationId(param(request, 'id'))
  route(app, '/invocations/:id', {
    GET: async (request, reply) => sendJson(reply, 200, await admin.invocation(idOf(request))),
    DELETE: purgeRoute(admin),
  })
  route(app, '/invocations/:id/journal', {
    GET: async (request, reply) =>
      sendJson(reply, 200, { segments: await admin.journal(idOf(request)) }),
  })
  addControlRoutes(app, admin)
}

function answer204(work: (request: FastifyRequest) => Promise<void>): RouteHandler {
  return async (request, reply) => {
    checkNoQuery(request.query)
    await work(request)
    return reply.code(204).send()
  }
}
