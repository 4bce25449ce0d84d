import * as v from 'valibot'
import { deploymentUrlSchema } from '../domain/deployment-url.ts'
import { durationSchema } from '../domain/duration.ts'
import { subscriptionFields, subscriptionOptionFields } from '../domain/subscription-schema.ts'
import { identitySchema } from './identity.ts'
import { payloadsSchema } from './payloads.ts'
import { saslSchema } from './sasl.ts'

const arnPattern =
  /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]{1,64}:(?!\$LATEST$)[A-Za-z0-9$_-]{1,128}$/

const text = v.pipe(v.string(), v.nonEmpty('expected a text that is not empty'))
const port = v.pipe(
  v.number('expected a port number'),
  v.integer('expected a whole number'),
  v.minValue(0, 'expected a port from 0 (any free one) to 65535'),
  v.maxValue(65_535, 'expected a port from 0 (any free one) to 65535'),
)
const positive = v.pipe(
  v.number('expected a number'),
  v.integer('expected a whole number'),
  v.minValue(1, 'expected at least 1'),
)
const flag = v.boolean('expected true or false')
const duration = durationSchema
const positiveDuration = v.pipe(durationSchema, v.minValue(1, 'expected more than no time'))

const kafkaCluster = v.object({
  brokers: v.pipe(
    v.array(
      v.pipe(
        v.string(),
        v.regex(/^.+:\d{1,5}$/, 'expected "<host>:<port>", for instance "localhost:9092"'),
      ),
      'expected a list of "<host>:<port>"',
    ),
    v.minLength(1, 'expected at least one broker'),
  ),
  clientId: v.optional(text, 'fermata'),
  ssl: v.optional(flag, false),
  sasl: v.optional(saslSchema),
})

const deployment = v.object({
  arn: v.optional(
    v.pipe(
      v.string(),
      v.regex(
        arnPattern,
        'expected the ARN of a published version or alias (arn:aws:lambda:<region>:<account>:function:<name>:<version>); $LATEST changes under running invocations',
      ),
    ),
  ),
  url: v.optional(deploymentUrlSchema),
})

const subscription = v.object({
  ...subscriptionFields,
  ...subscriptionOptionFields,
  onFailure: v.optional(
    v.never(
      'is not supported yet: what fails is tried again by the policy of its handler, then paused',
    ),
  ),
})

/** The document as it is written, defaults filled in. Keys that it does not name are found by `unknownKeys`. */
export const documentSchema = v.object({
  table: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[A-Za-z0-9_.-]{3,255}$/, 'expected 3 to 255 letters, digits, "_", "." or "-"'),
    ),
    'fermata',
  ),
  createTable: v.optional(flag, false),
  store: v.optional(v.picklist(['dynamodb', 'memory']), 'dynamodb'),
  ingress: v.optional(
    v.object({
      host: v.optional(text, '0.0.0.0'),
      port: v.optional(port, 8080),
      maxBodyBytes: v.optional(positive),
    }),
    {},
  ),
  admin: v.optional(
    v.object({ host: v.optional(text, '0.0.0.0'), port: v.optional(port, 9070) }),
    {},
  ),
  kafka: v.optional(
    v.record(
      v.pipe(
        v.string(),
        v.regex(/^[A-Za-z0-9_-]{1,100}$/, 'expected a cluster name of letters, digits, "_" or "-"'),
      ),
      kafkaCluster,
    ),
    {},
  ),
  deployments: v.optional(v.array(deployment), []),
  identity: v.optional(identitySchema),
  payloads: v.optional(payloadsSchema, {}),
  subscriptions: v.optional(v.array(subscription), []),
  limits: v.optional(
    v.object({
      running: v.optional(positive, 1_000),
      perFunction: v.optional(positive, 100),
      queued: v.optional(positive, 1_000),
    }),
    {},
  ),
  agenda: v.optional(
    v.pipe(
      v.object({
        shards: v.optional(v.pipe(positive, v.maxValue(1_024, 'expected at most 1024')), 32),
        leaseMs: v.optional(positiveDuration, 2_000),
        heartbeatMs: v.optional(positiveDuration, 400),
        marginMs: v.optional(duration, 300),
        watchMs: v.optional(positiveDuration, 30_000),
      }),
      v.check(
        ({ leaseMs, heartbeatMs }) => leaseMs >= 2 * heartbeatMs,
        'leaseMs must be at least twice heartbeatMs, or one late heartbeat loses the lease',
      ),
    ),
    {},
  ),
  retry: v.optional(
    v.object({
      initialDelay: v.optional(duration, '100ms'),
      factor: v.optional(
        v.pipe(v.number('expected a number'), v.minValue(1, 'expected at least 1')),
        2,
      ),
      maxDelay: v.optional(duration, '60s'),
      maxAttempts: v.optional(positive, 20),
      maxDuration: v.optional(positiveDuration),
      jitter: v.optional(
        v.pipe(
          v.number('expected a number'),
          v.minValue(0, 'expected a share from 0 to 1'),
          v.maxValue(1, 'expected a share from 0 to 1'),
        ),
        0.2,
      ),
      onExhaustion: v.optional(v.picklist(['pause', 'fail']), 'pause'),
    }),
    {},
  ),
  attempt: v.optional(
    v.object({
      timeout: v.optional(positiveDuration, '15m'),
      aliveAfterMs: v.optional(positiveDuration, 5_000),
      coldStartMarginMs: v.optional(duration, 1_500),
    }),
    {},
  ),
  retention: v.optional(positiveDuration, '7d'),
  shutdownMs: v.optional(duration, 25_000),
  metrics: v.optional(
    v.object({ emf: v.optional(flag, false), every: v.optional(positiveDuration, '60s') }),
    {},
  ),
  log: v.optional(
    v.object({
      level: v.optional(v.picklist(['debug', 'info', 'warn', 'error', 'silent']), 'info'),
    }),
    {},
  ),
})

export type ConfigDocument = v.InferOutput<typeof documentSchema>
