import {
  type Json,
  parseInvocationId,
  targetSchema,
  type Value,
} from '@fermata/lambda-runtime/protocol'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import * as v from 'valibot'
import { FermataError } from '../../domain/errors.ts'
import type { ObjectAdmin, ObjectRef, ObjectView, StateChange } from '../../ports/index.ts'
import { readJson, sendJson } from './bodies.ts'
import { param, route } from './routes.ts'
import { check, checkNoQuery, closed } from './validation.ts'

/** What operators see of objects and workflows, and change. */
export function addObjectRoutes(app: FastifyInstance, admin: ObjectAdmin): void {
  route(app, '/objects/:service/:key', {
    GET: async (request, reply) => {
      const page = check(pageSchema, request.query)
      const view = await admin.object(refOf(request), { from: page.from, limit: page.limit })
      reply.header('etag', `"${view.version}"`)
      return sendJson(reply, 200, documentOf(view))
    },
  })
  route(app, '/objects/:service/:key/state', {
    PATCH: (request, reply) => change(admin, request, reply, false),
    PUT: (request, reply) => change(admin, request, reply, true),
  })
  route(app, '/invocations/:id/waits', {
    GET: async (request, reply) => {
      checkNoQuery(request.query)
      const { deadlock, ...waits } = await admin.waits(parseInvocationId(param(request, 'id')))
      return sendJson(reply, 200, { ...waits, deadlock: deadlock ?? null })
    },
  })
}

const numberText = v.pipe(
  v.string(),
  v.regex(/^\d{1,12}$/, 'expected a number'),
  v.transform(Number),
)
const pageSchema = closed({
  from: v.optional(numberText),
  limit: v.optional(
    v.pipe(
      numberText,
      v.minValue(1, 'expected a number from 1 to 1000'),
      v.maxValue(1_000, 'expected a number from 1 to 1000'),
    ),
    '100',
  ),
})

function refOf(request: FastifyRequest): ObjectRef {
  const service = param(request, 'service')
  const key = param(request, 'key')
  if (v.is(targetSchema, { service, key, handler: 'any' })) return { service, key }
  throw new FermataError('object-not-found', `"${service}/${key}" cannot be an object`)
}

/** Values that JSON can carry stand as they are; of the others their text, or how long they are. */
function documentOf({ state, ...view }: ObjectView) {
  const plain: Record<string, Json> = {}
  const rich: Record<string, string> = {}
  const large: Record<string, number> = {}
  for (const [name, value] of state) {
    if ('json' in value) plain[name] = value.json
    else if ('rich' in value) rich[name] = value.rich
    else if ('bytes' in value) large[name] = value.bytes
    else plain[name] = null
  }
  return {
    ...view,
    state: plain,
    ...(Object.keys(rich).length > 0 && { rich }),
    ...(Object.keys(large).length > 0 && { large }),
  }
}

const changeSchema = v.custom<{ [name: string]: Json }>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'expected an object of values by name',
)

async function change(
  admin: ObjectAdmin,
  request: FastifyRequest,
  reply: FastifyReply,
  replace: boolean,
): Promise<FastifyReply> {
  checkNoQuery(request.query)
  const values = Object.entries(check(changeSchema, readJson(request) ?? null)).map(
    ([name, json]): readonly [string, Value | null] =>
      // As in a merge patch: null takes away. What replaces everything may hold it.
      [name, json === null && !replace ? null : { json }],
  )
  const asked: StateChange = { values, replace, version: versionOf(request) }
  const changed = await admin.changeState(refOf(request), asked)
  if (changed.status === 'queued') return sendJson(reply, 202, changed)
  reply.header('etag', `"${changed.version}"`)
  return sendJson(reply, 200, changed)
}

/** The version that `if-match` names; without it the change is made whatever the version. */
function versionOf({ headers }: FastifyRequest): number | undefined {
  const text = headers['if-match']
  if (text === undefined) return undefined
  const [, digits] = /^"?(\d{1,12})"?$/.exec(text) ?? []
  if (digits !== undefined) return Number(digits)
  throw new FermataError('bad-request', 'if-match: expected the version of the state, as in "3"')
}
