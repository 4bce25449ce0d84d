import { Fn } from 'aws-cdk-lib'
import type { IConnectable } from 'aws-cdk-lib/aws-ec2'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager'
import {
  AwsCustomResource,
  AwsCustomResourcePolicy,
  PhysicalResourceId,
} from 'aws-cdk-lib/custom-resources'
import { Construct } from 'constructs'
import { suppress } from '../suppress.ts'
import type { ClusterBinding } from './cluster-binding.ts'

/** A provisioned or serverless cluster: a construct of its, or what is known of it. */
export interface MskClusterReference {
  /** Known at deployment at the latest. */
  readonly clusterArn: string
  /**
   * The cluster's security groups: the orchestrator is allowed in.
   * @default none; allow `orchestrator.connections` in yourself
   */
  readonly connections?: IConnectable['connections']
}

type Kind = {
  readonly port: number
  /** Of the answer of `GetBootstrapBrokers`. */
  readonly field: string
  readonly ssl: boolean
  readonly sasl?: { readonly mechanism: string }
  readonly secret?: ISecret
  readonly iam: boolean
}

/** How a cluster of MSK knows the orchestrator. */
export class MskAuth {
  /** @internal */
  readonly kind: Kind

  private constructor(kind: Kind) {
    this.kind = kind
  }

  /** By the role of its task: the only way into a serverless cluster. Each subscription adds leave for its topic and its group. */
  static iam(): MskAuth {
    const sasl = { mechanism: 'aws-msk-iam' }
    return new MskAuth({
      port: 9098,
      field: 'BootstrapBrokerStringSaslIam',
      ssl: true,
      sasl,
      iam: true,
    })
  }

  /** By name and password: a secret that is associated with the cluster (`AmazonMSK_…`, with a key of yours). */
  static scram(secret: ISecret): MskAuth {
    const sasl = { mechanism: 'scram-sha-512' }
    const field = 'BootstrapBrokerStringSaslScram'
    return new MskAuth({ port: 9096, field, ssl: true, sasl, secret, iam: false })
  }

  /** Not at all, over TLS: whoever reaches the cluster may consume. */
  static tls(): MskAuth {
    return new MskAuth({ port: 9094, field: 'BootstrapBrokerStringTls', ssl: true, iam: false })
  }
}

/** Looks the brokers up at deployment, by a call that names the cluster. */
export function bindMsk(
  scope: Construct,
  { clusterArn, connections }: MskClusterReference,
  { kind }: MskAuth,
): ClusterBinding {
  const call = {
    service: 'Kafka',
    action: 'getBootstrapBrokers',
    parameters: { ClusterArn: clusterArn },
    outputPaths: [kind.field],
    physicalResourceId: PhysicalResourceId.of(`${clusterArn}/${kind.field}`),
  }
  const lookup = new AwsCustomResource(scope, 'Brokers', {
    resourceType: 'Custom::MskBrokers',
    onUpdate: call,
    installLatestAwsSdk: false,
    policy: AwsCustomResourcePolicy.fromStatements([
      new PolicyStatement({ actions: ['kafka:GetBootstrapBrokers'], resources: [clusterArn] }),
    ]),
  })
  explainProvider(lookup)
  return {
    document: { ssl: kind.ssl, ...(kind.sasl === undefined ? {} : { sasl: kind.sasl }) },
    brokerList: lookup.getResponseField(kind.field),
    ...(kind.secret === undefined ? {} : { secret: kind.secret }),
    ...(kind.iam ? { iamClusterArn: clusterArn } : {}),
    connections,
    ports: [kind.port],
  }
}

/** The function behind the lookup is one of the CDK's, which a stack has once. */
function explainProvider({ grantPrincipal }: AwsCustomResource): void {
  if (!Construct.isConstruct(grantPrincipal)) return
  const reason = 'The function is one of the CDK: it writes its log'
  suppress(grantPrincipal, { id: 'AwsSolutions-IAM4', reason })
}

/** Leave to be a client of those clusters at all that know it by its role. */
export function connectStatements(
  clusters: Readonly<Record<string, ClusterBinding>>,
): PolicyStatement[] {
  return Object.values(clusters).flatMap(({ iamClusterArn }) =>
    iamClusterArn === undefined
      ? []
      : [new PolicyStatement({ actions: ['kafka-cluster:Connect'], resources: [iamClusterArn] })],
  )
}

/** Leave to consume one topic as one group. */
export function consumeStatements(
  clusterArn: string,
  names: { readonly topic: string; readonly group: string },
): PolicyStatement[] {
  // The ARN may be known at deployment only.
  const parts = Fn.split(':cluster/', clusterArn)
  const inCluster = (kind: string, name: string) =>
    `${Fn.select(0, parts)}:${kind}/${Fn.select(1, parts)}/${name}`
  return [
    new PolicyStatement({
      actions: ['kafka-cluster:DescribeTopic', 'kafka-cluster:ReadData'],
      resources: [inCluster('topic', names.topic)],
    }),
    new PolicyStatement({
      actions: ['kafka-cluster:DescribeGroup', 'kafka-cluster:AlterGroup'],
      resources: [inCluster('group', names.group)],
    }),
  ]
}
