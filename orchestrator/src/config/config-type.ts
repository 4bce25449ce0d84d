import type { BlobChannel } from '@fermata/lambda-runtime/protocol'
import type { RetryPolicy } from '../domain/retry.ts'
import type { IdentityConfig, SubscriptionSpec } from '../ports/index.ts'

/** How to reach one Kafka cluster. */
export type KafkaClusterConfig = {
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly ssl: boolean
  readonly sasl: SaslConfig | undefined
}

export type SaslConfig =
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
      readonly username: string
      readonly password: string
    }
  /** By the role of this process; `undefined` is the region of everything else. */
  | { readonly mechanism: 'aws-msk-iam'; readonly region?: string | undefined }

/** Where AWS is, from the standard variables. An endpoint is set for emulators only. */
export type AwsConfig = {
  readonly region: string
  readonly dynamodbEndpoint: string | undefined
  readonly lambdaEndpoint: string | undefined
}

/** What becomes of values on their way into the table. */
export type PayloadsConfig = {
  /** Values over this many bytes, as they are stored, become blobs, if there is a place for them. */
  readonly limitBytes: number
  readonly blobs: BlobChannel | undefined
  /** AES-256-GCM keys as base64, by id. `current` seals, all open. */
  readonly encryption:
    | { readonly current: string; readonly keys: Readonly<Record<string, string>> }
    | undefined
}

/** The whole configuration with nothing left open. Times in ms, sizes in bytes. */
export type Config = {
  /** The DynamoDB table. */
  readonly table: string
  /** Creates the table at start when it is not there. */
  readonly createTable: boolean
  readonly store: 'dynamodb' | 'memory'
  readonly aws: AwsConfig
  readonly ingress: {
    readonly host: string
    /** 0: any free one. */
    readonly port: number
    readonly maxBodyBytes: number
  }
  readonly admin: { readonly host: string; readonly port: number }
  /** By the name that sources use: `kafka://<name>/<topic>`. */
  readonly kafka: Readonly<Record<string, KafkaClusterConfig>>
  /** Registered at start. */
  readonly deployments: readonly { readonly address: string }[]
  /** What requests to servers of handlers are signed with. */
  readonly identity: IdentityConfig | undefined
  readonly payloads: PayloadsConfig
  /** Made at start. */
  readonly subscriptions: readonly SubscriptionSpec[]
  readonly limits: {
    /** Attempts under way on this replica. */
    readonly running: number
    /** Attempts under way of one function, on this replica. The ceiling of what throttling leaves. */
    readonly perFunction: number
    /** Accepted invocations that may wait for a permit on this replica. */
    readonly queued: number
  }
  readonly agenda: {
    readonly shards: number
    readonly leaseMs: number
    readonly heartbeatMs: number
    readonly marginMs: number
    readonly watchMs: number
  }
  /** For handlers whose definition says nothing else. */
  readonly retry: RetryPolicy
  readonly attempt: {
    /** Longest time of one attempt, where the definition does not say. */
    readonly timeoutMs: number
    /** How long the tail of an adopted journal may stand still before its first `alive`. */
    readonly aliveAfterMs: number
    readonly coldStartMarginMs: number
  }
  /** How long a closed invocation is kept, where the definition does not say. */
  readonly retentionMs: number
  /** How long a stop may take before what is still under way is abandoned to other replicas. */
  readonly shutdownMs: number
  /** `emf`: whether the log has lines that CloudWatch makes metrics of. */
  readonly metrics: { readonly emf: boolean; readonly everyMs: number }
  readonly log: { readonly level: LogLevel }
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'
