import { Annotations, RemovalPolicy } from 'aws-cdk-lib'
import {
  AttributeType,
  Billing,
  type ITable,
  type ITableV2,
  TableEncryptionV2,
  TableV2,
} from 'aws-cdk-lib/aws-dynamodb'
import { type IVpc, type SubnetSelection, SubnetType } from 'aws-cdk-lib/aws-ec2'
import { Cluster, ContainerInsights, type ICluster } from 'aws-cdk-lib/aws-ecs'
import { type IRole, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { type ILogGroup, LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { allowLogs } from './encryption.ts'
import type { ClusterBinding } from './kafka/cluster-binding.ts'
import type { KafkaCluster } from './kafka/kafka-cluster.ts'
import type { OrchestratorProps } from './orchestrator-props.ts'

/** The given table, or one of the shape that the orchestrator expects. */
export function tableOf(scope: Construct, props: OrchestratorProps): ITable | ITableV2 {
  if (props.table !== undefined) return props.table
  const { encryptionKey, removalPolicy = RemovalPolicy.RETAIN } = props
  return new TableV2(scope, 'Table', {
    partitionKey: { name: 'pk', type: AttributeType.STRING },
    sortKey: { name: 'sk', type: AttributeType.STRING },
    billing: Billing.onDemand(),
    timeToLiveAttribute: 'ttl',
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    removalPolicy,
    ...(encryptionKey === undefined
      ? {}
      : { encryption: TableEncryptionV2.customerManagedKey(encryptionKey) }),
  })
}

export function clusterOf(scope: Construct, { cluster, vpc }: OrchestratorProps): ICluster {
  return (
    cluster ??
    new Cluster(scope, 'Cluster', { vpc, containerInsightsV2: ContainerInsights.ENABLED })
  )
}

export function logGroupOf(scope: Construct, props: OrchestratorProps): ILogGroup {
  const { logGroup, encryptionKey, removalPolicy = RemovalPolicy.RETAIN } = props
  if (encryptionKey !== undefined && !allowLogs(scope, encryptionKey)) {
    Annotations.of(scope).addWarningV2(
      '@fermata/cdk:keyOfLogs',
      'The key was not made here: its policy has to let CloudWatch Logs use it, or the log groups cannot be made',
    )
  }
  if (logGroup !== undefined) return logGroup
  return new LogGroup(scope, 'Logs', {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy,
    ...(encryptionKey === undefined ? {} : { encryptionKey }),
  })
}

export function taskRoleOf(scope: Construct, { taskRole }: OrchestratorProps): IRole {
  return (
    taskRole ??
    new Role(scope, 'TaskRole', {
      assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com'),
      description: 'The Fermata orchestrator',
    })
  )
}

export function taskSubnets(vpc: IVpc): SubnetSelection {
  const hasWayOut = vpc.privateSubnets.length > 0
  return {
    subnetType: hasWayOut ? SubnetType.PRIVATE_WITH_EGRESS : SubnetType.PRIVATE_ISOLATED,
  }
}

/** Each in a scope of its own: some look their brokers up. */
export function bindClusters(
  scope: Construct,
  clusters: Readonly<Record<string, KafkaCluster>>,
): Readonly<Record<string, ClusterBinding>> {
  const parent = new Construct(scope, 'Kafka')
  const bound = Object.entries(clusters).map(
    ([name, cluster]) => [name, cluster.bind(new Construct(parent, name))] as const,
  )
  return Object.fromEntries(bound)
}
