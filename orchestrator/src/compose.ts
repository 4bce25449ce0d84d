import { openBlobs } from '@fermata/lambda-runtime/payload'
import type { Channel } from '@fermata/lambda-runtime/protocol'
import { createAwsCredentials } from './adapters/dynamodb/aws-credentials.ts'
import type { WriteUnits } from './adapters/dynamodb/dynamo-table.ts'
import { createDynamoStores } from './adapters/dynamodb/stores.ts'
import { createHttpServers } from './adapters/http/servers.ts'
import { createHttpInvoker } from './adapters/http-invoker/http-invoker.ts'
import { createSigner } from './adapters/http-invoker/signer.ts'
import { createKafkaSource } from './adapters/kafka/kafka-source.ts'
import { mskIamToken } from './adapters/kafka/msk-iam.ts'
import { createLambdaInvoker } from './adapters/lambda/lambda-invoker.ts'
import { createMemoryStores } from './adapters/memory/stores.ts'
import { createStoredPayloads } from './adapters/payloads/stored-payloads.ts'
import { createCronCalendar } from './adapters/system/cron-calendar.ts'
import { createSystemClock } from './adapters/system/system-clock.ts'
import { createSystemRandom } from './adapters/system/system-random.ts'
import { measure } from './adapters/telemetry/metrics.ts'
import { createLogger } from './adapters/telemetry/pino-logger.ts'
import type { Config } from './config/config-type.ts'
import { createEngine, type Engine, type EngineOptions, type EnginePorts } from './engine/engine.ts'
import { invokerByAddress } from './invoker-by-address.ts'
import type { Payloads } from './ports/index.ts'
import { version } from './version.ts'

export type Ports = { readonly ingressPort: number; readonly adminPort: number }

/** A whole orchestrator. */
export interface Orchestrator {
  readonly engine: Engine
  start(): Promise<Ports>
  stop(): Promise<void>
}

type Stores = Pick<
  EnginePorts,
  'journals' | 'agenda' | 'leases' | 'registry' | 'promises' | 'objects' | 'collectors'
>

/** Hears what is spent: exact counts are tests. */
export type Meters = {
  readonly onWriteUnits?: (units: WriteUnits) => void
  /** Bytes of each request to a function. */
  readonly onSent?: (bytes: number) => void
}

/**
 * Puts the orchestrator together. `overrides` replace single ports, so that an integration test is production
 * with two of them swapped.
 */
export function compose(
  config: Config,
  overrides: Partial<EnginePorts> = {},
  meters: Meters = {},
): Orchestrator {
  const clock = overrides.clock ?? createSystemClock()
  const random = overrides.random ?? createSystemRandom()
  const logger = overrides.logger ?? createLogger({ level: config.log.level })
  const storage = openStores(config, { clock, random, logger }, meters)
  const signer = config.identity && createSigner(config.identity, () => clock.now())
  const bare: EnginePorts = {
    ...storage.stores,
    clock,
    random,
    logger,
    invoker: invokerByAddress(
      createLambdaInvoker(meters),
      createHttpInvoker({ clock, signer, ...meters }),
    ),
    source: openSource(config, { logger, clock }),
    calendar: createCronCalendar(),
    payloads: payloadsOf(config),
    faults: { reach: () => undefined },
    ...overrides,
  }
  const { table, metrics } = config
  const measured = metrics.emf ? measure(bare, { table, everyMs: metrics.everyMs }) : undefined
  const engine = createEngine(measured?.ports ?? bare, optionsOf(config))
  let reporting: { stop(): void } | undefined
  const http = createHttpServers({
    ingress: engine.ingress,
    admin: engine.admin,
    config,
    logger,
    version,
    ...(signer !== undefined && { identity: () => signer.view() }),
  })
  return {
    engine,
    async start() {
      await storage.prepare()
      const listening = await http.start()
      await engine.start()
      reporting = measured?.start()
      return listening
    },
    async stop() {
      reporting?.stop()
      await Promise.all([http.stop(), engine.stop()])
      await storage.close()
    },
  }
}

/** Clusters of MSK may know this process by its role. */
function openSource(
  { kafka, aws }: Config,
  ports: Pick<EnginePorts, 'clock' | 'logger'>,
): EnginePorts['source'] {
  const credentials = createAwsCredentials(aws.region)
  const roleToken = (region: string = aws.region) =>
    mskIamToken({ region, credentials, now: () => ports.clock.now() })
  return createKafkaSource({ ...ports, clusters: kafka, options: { roleToken } })
}

type Storage = {
  readonly stores: Stores
  prepare(): Promise<void>
  close(): Promise<void>
}

function openStores(
  config: Config,
  ports: Pick<EnginePorts, 'clock' | 'random' | 'logger'>,
  meters: Meters,
): Storage {
  if (config.store === 'memory') {
    const nothing = async () => undefined
    return { stores: createMemoryStores(ports), prepare: nothing, close: nothing }
  }
  const stores = createDynamoStores({ ...ports, ...meters, table: config.table })
  return {
    stores,
    async prepare() {
      await stores.ensureTable({ create: config.createTable })
      await stores.detectBatching()
    },
    close: () => stores.close(),
  }
}

/** More than Kafka takes unless both sides are told so. */
const maxBlobRecordBytes = 32 * 1024 * 1024
const tailAfterMs = 250
const tailMaxMs = 2_000
const aliveEveryMs = 30_000

function optionsOf(config: Config): EngineOptions {
  const { agenda, attempt, retry, retentionMs, limits, shutdownMs } = config
  return {
    channel: channelOf(config),
    policy: { retry, timeoutMs: attempt.timeoutMs, retentionMs, private: false },
    times: {
      watchMs: agenda.watchMs,
      aliveAfterMs: attempt.aliveAfterMs,
      aliveEveryMs,
      marginMs: attempt.coldStartMarginMs,
      tailAfterMs,
      tailMaxMs,
    },
    agenda,
    limits,
    deployments: config.deployments.map(({ address }) => address),
    subscriptions: config.subscriptions,
    ...(config.payloads.blobs === undefined ? {} : { maxRecordBytes: maxBlobRecordBytes }),
    clusters: Object.keys(config.kafka),
    shutdownMs,
  }
}

/** Handlers open the same table, where the orchestrator does. */
function channelOf({ table, aws, payloads: { blobs, limitBytes } }: Config): Channel {
  const endpoint = aws.dynamodbEndpoint === undefined ? {} : { endpoint: aws.dynamodbEndpoint }
  return {
    kind: 'dynamodb',
    table,
    region: aws.region,
    ...endpoint,
    ...(blobs === undefined ? {} : { blobs, blobsFrom: limitBytes }),
  }
}

function payloadsOf({ aws, payloads: { blobs, encryption, limitBytes } }: Config): Payloads {
  const credentials = createAwsCredentials(aws.region)
  return createStoredPayloads({
    encryption,
    limitBytes,
    blobs: blobs && openBlobs(blobs, credentials),
  })
}
