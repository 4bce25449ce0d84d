import type { Connections, IConnectable } from 'aws-cdk-lib/aws-ec2'
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager'
import type { Construct } from 'constructs'
import type { ClusterBinding } from './cluster-binding.ts'
import { bindMsk, type MskAuth, type MskClusterReference } from './msk.ts'

/** A cluster whose brokers are known. */
export interface BrokersOptions {
  /**
   * Whether to connect by TLS; the brokers' certificates must be of a public authority.
   * @default false for `brokers`, true for `sasl`
   */
  readonly tls?: boolean
  /**
   * What the brokers stand behind: the orchestrator is allowed in, on their ports.
   * @default none; allow `orchestrator.connections` in yourself
   */
  readonly connections?: IConnectable
}

/** A cluster that asks for a name and a password. */
export interface SaslOptions extends BrokersOptions {
  /** `<host>:<port>` of some of the brokers. */
  readonly brokers: readonly string[]
  /** JSON with `username` and `password`. The password is in no template and no task definition. */
  readonly secret: ISecret
  /** @default 'scram-sha-512' */
  readonly mechanism?: 'plain' | 'scram-sha-256' | 'scram-sha-512'
}

/** A Kafka cluster, as an orchestrator reaches it. */
export class KafkaCluster {
  readonly #bind: (scope: Construct) => ClusterBinding

  private constructor(bind: (scope: Construct) => ClusterBinding) {
    this.#bind = bind
  }

  /** Brokers that ask for nothing: `['b1:9092', 'b2:9092']`. */
  static brokers(brokers: readonly string[], options: BrokersOptions = {}): KafkaCluster {
    const { tls = false, connections } = options
    return new KafkaCluster(() => ({
      document: { brokers, ssl: tls },
      connections: connectionsOf(connections),
      ports: portsOf(brokers),
    }))
  }

  /** Brokers that ask for a name and a password, which are in a secret. */
  static sasl(options: SaslOptions): KafkaCluster {
    const { brokers, secret, mechanism = 'scram-sha-512', tls = true, connections } = options
    return new KafkaCluster(() => ({
      document: { brokers, ssl: tls, sasl: { mechanism } },
      secret,
      connections: connectionsOf(connections),
      ports: portsOf(brokers),
    }))
  }

  /**
   * A cluster of Amazon MSK. Its brokers are looked up when the stack is deployed.
   *
   * @example KafkaCluster.msk(cluster, MskAuth.iam())
   */
  static msk(cluster: MskClusterReference, auth: MskAuth): KafkaCluster {
    return new KafkaCluster((scope) => bindMsk(scope, cluster, auth))
  }

  /** @internal */
  bind(scope: Construct): ClusterBinding {
    return this.#bind(scope)
  }
}

function connectionsOf(connectable: IConnectable | undefined): Connections | undefined {
  return connectable?.connections
}

function portsOf(brokers: readonly string[]): readonly number[] {
  const ports = brokers.map((broker) => Number(/:(\d{1,5})$/.exec(broker)?.[1] ?? Number.NaN))
  return [...new Set(ports)].filter((port) => Number.isInteger(port))
}
