import type { Connections } from 'aws-cdk-lib/aws-ec2'
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager'

/** What an orchestrator needs to consume of a cluster. */
export type ClusterBinding = {
  /** Its part of the orchestrator's configuration, without secrets and without what is known at deployment only. */
  readonly document: {
    readonly brokers?: readonly string[]
    readonly ssl: boolean
    readonly sasl?: { readonly mechanism: string }
  }
  /** A comma list that is known when the stack is deployed. */
  readonly brokerList?: string
  /** JSON with `username` and `password`. */
  readonly secret?: ISecret
  /** The cluster whose topics and groups IAM guards. */
  readonly iamClusterArn?: string
  readonly connections?: Connections | undefined
  readonly ports: readonly number[]
}
