import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FermataError } from '@fermata/orchestrator/domain/errors'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { type Environment, loadConfig } from '../../../orchestrator/src/config.ts'

const region = { AWS_REGION: 'eu-west-1' }
const arn = 'arn:aws:lambda:eu-west-1:123456789012:function:orders:7'

const load = (document: object, env: Environment = {}) =>
  loadConfig({ ...region, FERMATA_CONFIG: JSON.stringify(document), ...env })

/** The message of the refusal, a line for each mistake. */
function refusal(document: object, env: Environment = {}): string[] {
  try {
    load(document, env)
  } catch (error) {
    if (!(error instanceof FermataError) || error.code !== 'config-invalid') throw error
    return error.message.split('\n')
  }
  throw new Error('it was accepted')
}

describe('a configuration without mistakes', () => {
  it('knows clusters of MSK by the role of the process', () => {
    const kafka = { main: { brokers: ['a:9098'], ssl: true, sasl: { mechanism: 'aws-msk-iam' } } }
    const config = loadConfig({ ...region, FERMATA_CONFIG: JSON.stringify({ kafka }) })
    expect(config.kafka['main']?.sasl).toEqual({ mechanism: 'aws-msk-iam', region: undefined })
  })

  it('takes the name and the password of a cluster from the environment', () => {
    const kafka = { main: { brokers: ['a:1'], sasl: { mechanism: 'scram-sha-512' } } }
    const document = { ...region, FERMATA_CONFIG: JSON.stringify({ kafka }) }
    expect(() => loadConfig(document)).toThrow(
      /kafka.main.sasl: expected a username and a password/,
    )
    const secrets = {
      FERMATA_KAFKA_MAIN_SASL_USERNAME: 'me',
      FERMATA_KAFKA_MAIN_SASL_PASSWORD: 'secret',
    }
    expect(loadConfig({ ...document, ...secrets }).kafka['main']?.sasl).toEqual({
      mechanism: 'scram-sha-512',
      username: 'me',
      password: 'secret',
    })
  })

  it('is total when nothing but the region is said', () => {
    expect(loadConfig(region)).toEqual({
      table: 'fermata',
      createTable: false,
      store: 'dynamodb',
      aws: { region: 'eu-west-1', dynamodbEndpoint: undefined, lambdaEndpoint: undefined },
      ingress: { host: '0.0.0.0', port: 8080, maxBodyBytes: 256_000 },
      admin: { host: '0.0.0.0', port: 9070 },
      kafka: {},
      deployments: [],
      payloads: { blobs: undefined, encryption: undefined, limitBytes: 262_144 },
      identity: undefined,
      subscriptions: [],
      limits: { running: 1_000, perFunction: 100, queued: 1_000 },
      agenda: {
        shards: 32,
        leaseMs: 2_000,
        heartbeatMs: 400,
        marginMs: 300,
        watchMs: 30_000,
      },
      retry: {
        initialDelayMs: 100,
        factor: 2,
        maxDelayMs: 60_000,
        maxAttempts: 20,
        maxDurationMs: Number.POSITIVE_INFINITY,
        jitter: 0.2,
        onExhaustion: 'pause',
      },
      attempt: { timeoutMs: 900_000, aliveAfterMs: 5_000, coldStartMarginMs: 1_500 },
      retentionMs: 604_800_000,
      shutdownMs: 25_000,
      metrics: { emf: false, everyMs: 60_000 },
      log: { level: 'info' },
    })
  })

  it('reads clusters, deployments and subscriptions', () => {
    const config = load({
      table: 'orders',
      kafka: { main: { brokers: ['localhost:9092'] } },
      deployments: [{ arn }],
      subscriptions: [
        {
          name: 'orders',
          source: 'kafka://main/orders',
          sink: 'checkout/process',
          startFrom: 'earliest',
          limits: { running: 100 },
        },
        { name: 'plain', source: 'kafka://main/other', sink: 'checkout/other' },
      ],
    })
    expect(config.kafka).toEqual({
      main: { brokers: ['localhost:9092'], clientId: 'fermata', ssl: false, sasl: undefined },
    })
    expect(config.deployments).toEqual([{ address: arn }])
    expect(config.subscriptions).toEqual([
      {
        name: 'orders',
        source: 'kafka://main/orders',
        sink: 'checkout/process',
        options: { startFrom: 'earliest', limits: { running: 100 } },
      },
      { name: 'plain', source: 'kafka://main/other', sink: 'checkout/other', options: {} },
    ])
  })

  it('takes durations as text and as milliseconds', () => {
    const config = load({
      retention: '2d',
      attempt: { timeout: 90_000 },
      agenda: { leaseMs: '3s' },
    })
    expect([config.retentionMs, config.attempt.timeoutMs, config.agenda.leaseMs]).toEqual([
      172_800_000, 90_000, 3_000,
    ])
  })

  it('knows the endpoints of emulators from the standard variables', () => {
    const config = load(
      {},
      {
        AWS_ENDPOINT_URL: 'http://127.0.0.1:4566',
        AWS_ENDPOINT_URL_LAMBDA: 'http://127.0.0.1:9001',
      },
    )
    expect(config.aws).toEqual({
      region: 'eu-west-1',
      dynamodbEndpoint: 'http://127.0.0.1:4566',
      lambdaEndpoint: 'http://127.0.0.1:9001',
    })
  })

  it('needs no region when nothing is stored in DynamoDB', () => {
    expect(loadConfig({ FERMATA_STORE: 'memory' }).store).toBe('memory')
  })
})

describe('variables of the environment', () => {
  it.each([
    ['FERMATA_TABLE', 'orders', { table: 'orders' }],
    ['FERMATA_TABLE', '2024', { table: '2024' }],
    ['FERMATA_CREATE_TABLE', 'true', { createTable: true }],
    ['FERMATA_CREATE_TABLE', 'false', { createTable: false }],
    ['FERMATA_INGRESS_PORT', '0', { ingress: { port: 0 } }],
    ['FERMATA_ADMIN_PORT', '9071', { admin: { port: 9071 } }],
    ['FERMATA_AGENDA_LEASE_MS', '5000', { agenda: { leaseMs: 5_000 } }],
    ['FERMATA_ATTEMPT_TIMEOUT', '30s', { attempt: { timeoutMs: 30_000 } }],
    ['FERMATA_RETRY_FACTOR', '1.5', { retry: { factor: 1.5 } }],
    ['FERMATA_RETRY_MAX_DURATION', '1h', { retry: { maxDurationMs: 3_600_000 } }],
    ['FERMATA_SHUTDOWN_MS', '10s', { shutdownMs: 10_000 }],
    ['FERMATA_LOG_LEVEL', 'debug', { log: { level: 'debug' } }],
  ])('%s=%s says so', (variable, value, expected) => {
    expect(load({}, { [variable]: value })).toMatchObject(expected)
  })

  it('win over the document', () => {
    const config = load({ ingress: { port: 1, host: 'a' } }, { FERMATA_INGRESS_PORT: '2' })
    expect(config.ingress).toMatchObject({ port: 2, host: 'a' })
  })

  it('name a cluster in the middle, new or known, with brokers as a comma list', () => {
    const config = load(
      { kafka: { bigOne: { brokers: ['a:1'] } } },
      {
        FERMATA_KAFKA_MAIN_BROKERS: 'b:2, c:3',
        FERMATA_KAFKA_BIG_ONE_BROKERS: 'd:4',
        FERMATA_KAFKA_MAIN_SASL_MECHANISM: 'scram-sha-512',
        FERMATA_KAFKA_MAIN_SASL_USERNAME: 'me',
        FERMATA_KAFKA_MAIN_SASL_PASSWORD: '12345',
      },
    )
    expect(config.kafka).toMatchObject({
      main: {
        brokers: ['b:2', 'c:3'],
        sasl: { mechanism: 'scram-sha-512', username: 'me', password: '12345' },
      },
      bigOne: { brokers: ['d:4'] },
    })
  })

  it('count as unset when they are empty', () => {
    expect(load({ table: 'orders' }, { FERMATA_TABLE: '' }).table).toBe('orders')
  })

  it('that a platform made of a service name are left alone', () => {
    const env = { FERMATA_SERVICE_HOST: '10.0.0.1', FERMATA_PORT: 'tcp://10.0.0.1:8080' }
    expect(load({}, env)).toEqual(load({}))
  })

  it('that are a slip of the pen are mistakes', () => {
    expect(refusal({}, { FERMATA_TABEL: 'x' })).toContain(
      '  - FERMATA_TABEL: there is no such variable; did you mean FERMATA_TABLE?',
    )
  })

  it('are named where their value is wrong', () => {
    expect(refusal({}, { FERMATA_LIMITS_RUNNING: 'many' })).toEqual([
      'The configuration has a mistake:',
      '  - limits.running (FERMATA_LIMITS_RUNNING): expected a number',
    ])
  })
})

describe('a configuration with mistakes', () => {
  it('is refused with all three of them at once, each with its path', () => {
    const lines = refusal({
      tabel: 'orders',
      agenda: { leaseMs: '-1s' },
      subscriptions: [{ name: 'a', source: 'kafka://main/a', sink: 'checkout' }],
      kafka: { main: { brokers: ['localhost:9092'] } },
    })
    expect(lines).toEqual([
      'The configuration has 3 mistakes:',
      '  - agenda.leaseMs: expected a duration such as "250ms", "20s", "5m", "1h", "7d", or milliseconds',
      '  - subscriptions[0].sink: expected "<service>/<handler>", for instance "checkout/process"',
      '  - tabel: there is no such setting; did you mean "table"?',
    ])
  })

  it.each<[string, object, string]>([
    [
      'an unknown cluster',
      { subscriptions: [subscription({ source: 'kafka://mian/a' })] },
      'subscriptions[0].source: there is no Kafka cluster "mian"; did you mean "main"?',
    ],
    [
      'a cluster out of nowhere',
      { subscriptions: [subscription({ source: 'kafka://else/a' })] },
      'subscriptions[0].source: there is no Kafka cluster "else"; name its brokers in kafka.else.brokers',
    ],
    [
      'a missing name',
      { subscriptions: [{ source: 'kafka://main/a', sink: 'a/b' }] },
      'subscriptions[0].name: is missing',
    ],
    [
      'two subscriptions of one name',
      { subscriptions: [subscription({}), subscription({})] },
      'subscriptions[1].name: "orders" stands at subscriptions[0] too',
    ],
    [
      'one function twice',
      { deployments: [{ arn }, { arn }] },
      `deployments[1].arn: "${arn}" stands at deployments[0] too`,
    ],
    [
      'a URL that is none',
      { deployments: [{ url: 'localhost:9080' }] },
      'deployments[0].url: expected the URL of a server of handlers, for instance "https://orders.internal:9080/v7", without query and credentials',
    ],
    [
      'one server twice',
      { deployments: [{ url: 'http://orders:9080' }, { url: 'http://orders:9080' }] },
      'deployments[1].url: "http://orders:9080" stands at deployments[0] too',
    ],
    [
      'a deployment of nothing',
      { deployments: [{}] },
      'deployments[0]: expected either the ARN of a function (arn) or the URL of a server (url)',
    ],
    [
      'onFailure',
      { subscriptions: [{ ...subscription({}), onFailure: { topic: 'orders.dlq' } }] },
      'subscriptions[0].onFailure: is not supported yet: what fails is tried again by the policy of its handler, then paused',
    ],
    [
      'one port for both servers',
      { ingress: { port: 9070 } },
      'admin.port: 9070 is the port of the ingress already',
    ],
    [
      'a lease that one late heartbeat loses',
      { agenda: { leaseMs: 600 } },
      'agenda: leaseMs must be at least twice heartbeatMs, or one late heartbeat loses the lease',
    ],
    [
      'a setting far from any',
      { agenda: { colour: 'red' } },
      'agenda.colour: there is no such setting; here can stand shards, leaseMs, heartbeatMs, marginMs, watchMs',
    ],
    [
      'a name that objects have anyway',
      { toString: 1 },
      'toString: there is no such setting; here can stand table, createTable',
    ],
    [
      'a section that is no object',
      { ingress: 3 },
      'ingress: invalid type: Expected Object but received 3',
    ],
  ])('names %s', (_what, document, line) => {
    const kafka = { main: { brokers: ['localhost:9092'] } }
    expect(refusal({ kafka, ...document }).some((found) => found.startsWith(`  - ${line}`))).toBe(
      true,
    )
  })

  it.each(['orders', 'orders:$LATEST', 'orders:'])(
    'refuses the unqualified function %s',
    (name) => {
      const unqualified = `arn:aws:lambda:eu-west-1:123456789012:function:${name}`
      expect(refusal({ deployments: [{ arn: unqualified }] }).join()).toContain(
        'expected the ARN of a published version or alias',
      )
    },
  )

  it('says that the region is missing', () => {
    expect(refusal({}, { AWS_REGION: undefined })).toContain(
      '  - AWS_REGION: is missing; DynamoDB and Lambda are looked for there',
    )
  })

  it('never shows a password', () => {
    const sasl = { mechanism: 'plain', username: '', password: 1234567 }
    const kafka = { main: { brokers: ['a:1'], sasl } }
    expect(refusal({ kafka }).join('\n')).not.toContain('1234567')
    const torn = '{"kafka":{"main":{"sasl":{"password":"hunter2" x}}}}'
    expect(refusal({}, { FERMATA_CONFIG: torn }).join('\n')).not.toContain('hunter2')
  })

  it('is reported whole whatever it is: nothing but config-invalid is ever thrown', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (value, text) => {
        const documents = [value, { kafka: value, agenda: value, subscriptions: [value] }]
        for (const document of documents) {
          const env = {
            ...region,
            FERMATA_CONFIG: JSON.stringify(document),
            FERMATA_KAFKA_MAIN_BROKERS: text,
          }
          try {
            expect(loadConfig(env).aws.region).toBe('eu-west-1')
          } catch (error) {
            expect(error).toBeInstanceOf(FermataError)
          }
        }
      }),
    )
  })
})

function subscription(fields: object): object {
  return { name: 'orders', source: 'kafka://main/orders', sink: 'checkout/process', ...fields }
}

describe('FERMATA_CONFIG', () => {
  const folders: string[] = []
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
  })

  it('may be the path of a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fermata-config-'))
    folders.push(folder)
    const path = join(folder, 'fermata.json')
    await writeFile(path, '{ "table": "from-file" }')
    expect(loadConfig({ ...region, FERMATA_CONFIG: path }).table).toBe('from-file')
  })

  it.each([
    ['/does/not/exist.json', 'expected JSON, or the path of a file that can be read: ENOENT'],
    ['{"table":', 'is not JSON'],
  ])('that is %s is a mistake', (text, message) => {
    expect(refusal({}, { FERMATA_CONFIG: text }).join()).toContain(`FERMATA_CONFIG: ${message}`)
  })
})
