import { keySchema, targetSchema, voidValue } from '@fermata/lambda-runtime/protocol'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import * as v from 'valibot'
import { durationSchema } from '../../domain/duration.ts'
import type { ScheduleRequest, Schedules, ScheduleView } from '../../ports/index.ts'
import { readJson, sendJson } from './bodies.ts'
import { param, route } from './routes.ts'
import { check, checkNoQuery, closed } from './validation.ts'

const sinkPattern = /^([^/]+)\/([^/]+)$/

const scheduleSchema = v.pipe(
  closed({
    target: v.pipe(v.string(), v.regex(sinkPattern, 'expected "<service>/<handler>"')),
    key: v.exactOptional(keySchema),
    input: v.optional(v.any()),
    cron: v.exactOptional(v.string()),
    timezone: v.exactOptional(v.string()),
    every: v.exactOptional(durationSchema),
    catchUp: v.optional(v.picklist(['latest', 'all', 'none']), 'latest'),
  }),
  v.check(
    ({ cron, every }) => (cron === undefined) !== (every === undefined),
    'expected either cron or every',
  ),
  v.check(
    ({ timezone, every }) => timezone === undefined || every === undefined,
    'only a cron expression is in a time zone',
  ),
  v.rawTransform(({ dataset: { value }, addIssue, NEVER }): ScheduleRequest => {
    const [, service, handler] = sinkPattern.exec(value.target) ?? []
    const { key, input, catchUp } = value
    const target = v.safeParse(targetSchema, {
      service,
      handler,
      ...(key !== undefined && { key }),
    })
    if (!target.success) {
      addIssue({ message: `"${value.target}" cannot be a handler` })
      return NEVER
    }
    return {
      target: target.output,
      input: input === undefined ? voidValue : { json: input },
      timing: timingOf(value),
      catchUp,
    }
  }),
)

function timingOf({
  cron,
  timezone = 'UTC',
  every = 0,
}: {
  readonly cron?: string
  readonly timezone?: string
  readonly every?: number
}): ScheduleRequest['timing'] {
  return cron === undefined ? { kind: 'every', everyMs: every } : { kind: 'cron', cron, timezone }
}

/** Schedules: what is invoked by time alone. */
export function addScheduleRoutes(app: FastifyInstance, schedules: Schedules): void {
  const nameOf = (request: FastifyRequest) => {
    checkNoQuery(request.query)
    return param(request, 'name')
  }
  route(app, '/schedules', {
    GET: async (_request, reply) =>
      sendJson(reply, 200, { schedules: (await schedules.list()).map(bodyOf) }),
  })
  route(app, '/schedules/:name', {
    GET: async (request, reply) =>
      sendJson(reply, 200, bodyOf(await schedules.get(nameOf(request)))),
    PUT: async (request, reply) => {
      const spec = check(scheduleSchema, readJson(request) ?? {}, 'schedule-invalid')
      return sendJson(reply, 200, bodyOf(await schedules.put(nameOf(request), spec)))
    },
    DELETE: async (request, reply) => {
      await schedules.remove(nameOf(request))
      return reply.code(204).send()
    },
  })
  route(app, '/schedules/:name/pause', {
    POST: async (request, reply) =>
      sendJson(reply, 200, bodyOf(await schedules.pause(nameOf(request)))),
  })
  route(app, '/schedules/:name/resume', {
    POST: async (request, reply) =>
      sendJson(reply, 200, bodyOf(await schedules.resume(nameOf(request)))),
  })
}

/** Written as it is put; times as ISO 8601. An input that is not plain JSON is not shown. */
function bodyOf(view: ScheduleView): unknown {
  const { target, input, timing, lastTick, nextTick } = view
  return {
    name: view.name,
    status: view.status,
    target: `${target.service}/${target.handler}`,
    key: target.key,
    input: 'json' in input ? input.json : undefined,
    ...(timing.kind === 'cron'
      ? { cron: timing.cron, timezone: timing.timezone }
      : { every: timing.everyMs }),
    catchUp: view.catchUp,
    lastTick: timeOf(lastTick),
    lastInvocationId: view.lastInvocationId,
    nextTick: timeOf(nextTick),
    deployment: view.deployment,
  }
}

function timeOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString()
}
