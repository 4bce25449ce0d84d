import type { Duration, RemovalPolicy } from 'aws-cdk-lib'
import type { ITable, ITableV2 } from 'aws-cdk-lib/aws-dynamodb'
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2'
import type { ContainerImage, CpuArchitecture, ICluster } from 'aws-cdk-lib/aws-ecs'
import type { IRole } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import type { IPrivateDnsNamespace } from 'aws-cdk-lib/aws-servicediscovery'
import type { BlobsLocation } from './function-policy.ts'
import type { IngressProps } from './ingress.ts'
import type { KafkaCluster } from './kafka/kafka-cluster.ts'

/** How many tasks there are. */
export interface ScalingProps {
  /** @default 2, so that one may die */
  readonly minTasks?: number
  /** @default 10 */
  readonly maxTasks?: number
  /** Average CPU in percent to keep to. @default 60 */
  readonly targetCpu?: number
  /** More tasks when records are older than this before they are accepted. @default 30 seconds */
  readonly targetLag?: Duration
}

/** Where and how the admin API is reached: inside the VPC, it has no authentication. */
export interface AdminProps {
  /** @default 9070 */
  readonly port?: number
  /**
   * Where the orchestrator gets a name.
   * @default a private namespace of its own
   */
  readonly namespace?: IPrivateDnsNamespace
  /**
   * Where it is reached, if not by a name of Cloud Map: a load balancer of yours, say. Then none is made.
   * @default by its name in the namespace
   */
  readonly url?: string
}

/** Of an {@link Orchestrator}. */
export interface OrchestratorProps {
  /** It needs ways to DynamoDB, Lambda, CloudWatch Logs, ECR and S3: a NAT gateway, or endpoints. */
  readonly vpc: IVpc
  /** @default private subnets with a way out; isolated ones where there are no others */
  readonly vpcSubnets?: SubnetSelection
  /** @default one of its own */
  readonly securityGroups?: readonly ISecurityGroup[]

  /** The Kafka clusters, by the names that sources use (`kafka://<name>/<topic>`). @default none */
  readonly kafka?: Readonly<Record<string, KafkaCluster>>

  /** @default a table of its own: on demand, recoverable to any second of the last 35 days */
  readonly table?: ITable | ITableV2
  /**
   * Encrypts the table and the log groups of its own. Tasks and functions may use it through DynamoDB, and in no other way.
   * @default keys of the services; that of a given table, where it is known
   */
  readonly encryptionKey?: IKey
  /**
   * Of the table and the log group. With `DESTROY`, all invocations go with the stack.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy
  /** Where values go that are too large for the table. @default nowhere: they are refused */
  readonly blobs?: BlobsLocation

  /** One in the same VPC. @default a cluster of its own */
  readonly cluster?: ICluster
  /**
   * One that was built from this package's Dockerfile: the task runs its command.
   * @default built from this package; that takes a container engine where the stack is deployed
   */
  readonly image?: ContainerImage
  /** @default CpuArchitecture.ARM64 */
  readonly architecture?: CpuArchitecture
  /** CPU units of a task, 1024 to a core. More than one core is of no use: the orchestrator is one process. @default 1024 */
  readonly cpu?: number
  /** MB of a task. @default 2048 */
  readonly memoryLimitMiB?: number
  /** @default a role of its own, with leave for what it does */
  readonly taskRole?: IRole
  /** @default a log group of its own, with a month of retention */
  readonly logGroup?: ILogGroup
  /** @default 2 to 10 tasks, by CPU and lag */
  readonly scaling?: ScalingProps
  /** How long a task that stops may take. @default 2 minutes, the most that Fargate allows */
  readonly stopTimeout?: Duration

  /** A load balancer for calls over HTTP. @default none: from Kafka and from inside the VPC only */
  readonly ingress?: IngressProps
  /** Where the ingress listens. @default 8080 */
  readonly ingressPort?: number
  /** The admin API. @default port 9070, by a name in a private namespace */
  readonly admin?: AdminProps
  /** Subnets of the function that registers. @default those of the tasks */
  readonly registrarSubnets?: SubnetSelection

  /** @default 'info' */
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error'
  /** Anything else of the orchestrator's configuration: `{ limits: { perFunction: 500 }, retention: '30d' }`. @default none */
  readonly settings?: Readonly<Record<string, unknown>>
}
