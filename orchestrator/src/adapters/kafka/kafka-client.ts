import { type ISocketFactory, Kafka, type KafkaConfig, logLevel, type SASLOptions } from 'kafkajs'
import type { Logger } from '../../ports/index.ts'
import { createKafkaLog } from './kafka-log.ts'
import type {
  KafkaCluster,
  KafkaSasl,
  OpenSocket,
  ResolvedKafkaOptions,
  RoleToken,
} from './kafka-options.ts'
import { createSeverableSockets } from './severable-sockets.ts'

/** Every knob is set: kafkajs takes other defaults when it believes to run under a test. */
export const clientRetry = {
  initialRetryTime: 200,
  maxRetryTime: 2_000,
  factor: 0.2,
  multiplier: 2,
  retries: 4,
} as const

export type KafkaClient = {
  readonly kafka: Kafka
  /** Ends its connections: whatever kafkajs still does with them fails. */
  readonly sever: () => void
}

/**
 * A client. One for each consumer: kafkajs keeps what a group has committed per client, and two members of a
 * group in one process would overwrite each other's.
 */
export function createKafkaClient(
  cluster: KafkaCluster,
  options: ResolvedKafkaOptions,
  logger: Logger,
): KafkaClient {
  const sockets = createSeverableSockets(options.openSocket)
  const config: KafkaConfig = {
    clientId: cluster.clientId ?? 'fermata',
    brokers: [...cluster.brokers],
    connectionTimeout: 3_000,
    requestTimeout: options.sessionTimeoutMs,
    retry: clientRetry,
    logLevel: logLevel.WARN,
    logCreator: () => createKafkaLog(logger),
    socketFactory: toFactory(sockets.open),
  }
  if (cluster.ssl !== undefined) config.ssl = cluster.ssl
  if (cluster.sasl !== undefined) config.sasl = toSasl(cluster.sasl, options.roleToken)
  return { kafka: new Kafka(config), sever: sockets.sever }
}

function toSasl(sasl: KafkaSasl, roleToken: RoleToken | undefined): SASLOptions {
  if (sasl.mechanism !== 'aws-msk-iam') return { ...sasl } as SASLOptions
  return {
    mechanism: 'oauthbearer',
    oauthBearerProvider: async () => {
      if (roleToken === undefined) throw new Error('There are no credentials of a role')
      return { value: await roleToken(sasl.region) }
    },
  }
}

function toFactory(open: OpenSocket): ISocketFactory {
  // kafkajs passes no options at all for a connection without TLS, whatever its types say.
  return ({ host, port, ssl, onConnect }) => open({ host, port, ssl: ssl || undefined, onConnect })
}
