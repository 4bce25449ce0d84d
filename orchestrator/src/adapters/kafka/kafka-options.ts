import type { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'

export type KafkaSasl =
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
      readonly username: string
      readonly password: string
    }
  /** Amazon MSK, by the role of this process. */
  | { readonly mechanism: 'aws-msk-iam'; readonly region?: string | undefined }

/** Makes the token for a cluster that knows roles. */
export type RoleToken = (region: string | undefined) => Promise<string>

/** How to reach a cluster. */
export type KafkaCluster = {
  readonly brokers: readonly string[]
  readonly clientId?: string
  readonly ssl?: boolean | ConnectionOptions
  readonly sasl?: KafkaSasl | undefined
}

/** Opens a connection to a broker: through a proxy, say. `onConnect` is called when it is open. */
export type OpenSocket = (to: {
  readonly host: string
  readonly port: number
  readonly ssl: ConnectionOptions | undefined
  readonly onConnect: () => void
}) => Socket

/** All optional; times in ms. */
export type KafkaSourceOptions = {
  /** A member that is silent for so long is out of its group. 10 s. */
  readonly sessionTimeoutMs?: number
  readonly heartbeatMs?: number
  /** How long a rebalance waits for its members. */
  readonly rebalanceTimeoutMs?: number
  /** Longest wait of a fetch that finds nothing, and so of a partition that may go on. */
  readonly maxWaitMs?: number
  /** Accepts under way per partition. */
  readonly window?: number
  /** How far commits may lag behind what is accepted. */
  readonly commitMs?: number
  /** How long accepts under way may take to end when a rebalance takes their partition away. */
  readonly settleMs?: number
  /** The same at a stop. */
  readonly stopMs?: number
  /** Pause before a consumer that broke down is started again: the first one, then twice as long each time. */
  readonly restartMs?: number
  readonly maxRestartMs?: number
  readonly openSocket?: OpenSocket
  /** Needed for clusters that know roles. */
  readonly roleToken?: RoleToken
}

export type ResolvedKafkaOptions = Required<
  Omit<KafkaSourceOptions, 'openSocket' | 'roleToken'>
> & {
  readonly openSocket: OpenSocket | undefined
  readonly roleToken: RoleToken | undefined
}

export function resolveKafkaOptions(options: KafkaSourceOptions): ResolvedKafkaOptions {
  const sessionTimeoutMs = options.sessionTimeoutMs ?? 10_000
  return {
    sessionTimeoutMs,
    heartbeatMs: options.heartbeatMs ?? Math.min(1_000, sessionTimeoutMs / 4),
    rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? Math.max(20_000, 2 * sessionTimeoutMs),
    maxWaitMs: options.maxWaitMs ?? 200,
    window: options.window ?? 64,
    commitMs: options.commitMs ?? 200,
    // No heartbeat is sent meanwhile: well below the session timeout.
    settleMs: options.settleMs ?? Math.min(2_500, sessionTimeoutMs / 4),
    stopMs: options.stopMs ?? 10_000,
    restartMs: options.restartMs ?? 500,
    maxRestartMs: options.maxRestartMs ?? 30_000,
    openSocket: options.openSocket,
    roleToken: options.roleToken,
  }
}
