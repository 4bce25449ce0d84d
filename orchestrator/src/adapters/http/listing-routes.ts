import type { FastifyInstance } from 'fastify'
import * as v from 'valibot'
import { parseDuration } from '../../domain/duration.ts'
import type { InvocationListing, InvocationQuery, InvocationStatus } from '../../ports/index.ts'
import { sendJson } from './bodies.ts'
import { route } from './routes.ts'
import { check, closed } from './validation.ts'

const limitMessage = 'expected a number from 1 to 1000'
const sinceMessage =
  'expected a time such as "2025-01-31T12:00:00Z", epoch milliseconds, or how long ago, such as "15m"'

/** A time, or how long ago: epoch ms. */
const sinceSchema = v.pipe(
  v.string(),
  v.rawTransform<string, number>(({ dataset, addIssue, NEVER }) => {
    const text = dataset.value
    const ago = parseDuration(text)
    const at = /^\d{1,15}$/.test(text) ? Number(text) : Date.parse(text)
    if (ago !== undefined) return Date.now() - ago
    if (Number.isFinite(at)) return at
    addIssue({ message: sinceMessage })
    return NEVER
  }),
)

const statuses: Readonly<Record<InvocationStatus, true>> = {
  queued: true,
  running: true,
  suspended: true,
  'backing-off': true,
  paused: true,
  completed: true,
  failed: true,
  cancelled: true,
  killed: true,
}

const querySchema = closed({
  service: v.exactOptional(v.string()),
  handler: v.exactOptional(v.string()),
  key: v.exactOptional(v.string()),
  status: v.exactOptional(
    v.picklist(
      Object.keys(statuses) as InvocationStatus[],
      `expected ${Object.keys(statuses).join(', ')}`,
    ),
  ),
  since: v.exactOptional(sinceSchema),
  limit: v.exactOptional(
    v.pipe(
      v.string(),
      v.regex(/^\d{1,4}$/, limitMessage),
      v.transform(Number),
      v.minValue(1, limitMessage),
      v.maxValue(1_000, limitMessage),
    ),
    '100',
  ),
  after: v.exactOptional(v.string()),
})

/** What is open, and what was a moment ago. */
export function addListingRoutes(app: FastifyInstance, admin: InvocationListing): void {
  route(app, '/invocations', {
    GET: async (request, reply) => {
      const query: InvocationQuery = check(querySchema, request.query)
      const { invocations, next } = await admin.invocations(query)
      return sendJson(reply, 200, { invocations, ...(next !== undefined && { next }) })
    },
  })
}
