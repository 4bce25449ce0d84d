/** The app as a whole: what changes of it is seen, and what AWS's rules for solutions say of it. */
import { KafkaCluster, Monitoring, MskAuth, type Orchestrator } from '@fermata/cdk'
import { App, Aspects, type Stack } from 'aws-cdk-lib'
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions'
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager'
import { Peer, Vpc } from 'aws-cdk-lib/aws-ec2'
import { ContainerImage } from 'aws-cdk-lib/aws-ecs'
import { Key } from 'aws-cdk-lib/aws-kms'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { AwsSolutionsChecks } from 'cdk-nag'
import { describe, expect, it } from 'vitest'
import { OrdersStack } from '../../cdk/orders-stack.ts'
import { functionIn, newStack, scene } from './support/synthesis.ts'

function ordersStack(): OrdersStack {
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } })
  return new OrdersStack(app, 'Orders', {
    env: { account: '123456789012', region: 'eu-west-1' },
    brokers: ['b1:9092'],
    outsideUrl: 'https://outside.example',
    orchestrator: { image: ContainerImage.fromRegistry('fermata') },
  })
}

/** Every optional part, in a VPC and with buckets that are somebody else's. */
function everything(): { stack: Stack; fermata: Orchestrator } {
  const stack = newStack()
  const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-0123456789abcdef0',
    availabilityZones: ['eu-west-1a', 'eu-west-1b'],
    publicSubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
    privateSubnetIds: ['subnet-0123456789abcdef2', 'subnet-0123456789abcdef3'],
  })
  const arn = (service: string, rest: string) => `arn:aws:${service}:eu-west-1:123456789012:${rest}`
  const keyOf = (id: string) =>
    Key.fromKeyArn(stack, `Key${id}`, arn('kms', `key/${id.repeat(8)}-1111-1111-1111-111111111111`))
  const secret = Secret.fromSecretCompleteArn(
    stack,
    'Secret',
    arn('secretsmanager', 'secret:AmazonMSK_kafka-AbCdEf'),
  )
  const clusterArn = arn('kafka', 'cluster/main/abc-1')
  const { fermata } = scene(
    {
      vpc,
      encryptionKey: keyOf('1'),
      blobs: {
        bucket: Bucket.fromBucketAttributes(stack, 'Blobs', {
          bucketArn: 'arn:aws:s3:::payloads',
          encryptionKey: keyOf('2'),
        }),
        prefix: 'fermata/',
      },
      ingress: {
        internetFacing: true,
        certificate: Certificate.fromCertificateArn(
          stack,
          'Certificate',
          arn('acm', 'certificate/1'),
        ),
        allowFrom: [Peer.ipv4('203.0.113.0/24')],
        accessLogs: Bucket.fromBucketName(stack, 'AccessLogs', 'access-logs'),
      },
      kafka: {
        iam: KafkaCluster.msk({ clusterArn }, MskAuth.iam()),
        scram: KafkaCluster.msk({ clusterArn }, MskAuth.scram(secret)),
        tls: KafkaCluster.msk({ clusterArn }, MskAuth.tls()),
        sasl: KafkaCluster.sasl({ brokers: ['b1:9096'], secret }),
      },
    },
    { stack },
  )
  fermata.register(functionIn(stack, 'Shop', { vpc }), { onRemoval: 'force' })
  for (const cluster of ['iam', 'scram', 'tls', 'sasl']) {
    fermata.subscribe(cluster, { source: `kafka://${cluster}/orders`, sink: 'shop/buy' })
  }
  return { stack, fermata }
}

function complaintsOf(stack: Stack): string[] {
  Aspects.of(stack).add(new AwsSolutionsChecks())
  const found = (kind: 'findError' | 'findWarning') =>
    Annotations.fromStack(stack)
      [kind]('*', Match.stringLikeRegexp('AwsSolutions-'))
      .map(({ id, entry }) => `${id}: ${String(entry.data).split(' ')[0]}`)
  return [...found('findError'), ...found('findWarning')]
}

type Reason = { readonly id: string; readonly reason: string; readonly applies_to?: unknown[] }

function reasonsOf(stack: Stack): Reason[] {
  const { Resources } = Template.fromStack(stack).toJSON() as {
    Resources: Record<string, { Metadata?: { cdk_nag?: { rules_to_suppress: Reason[] } } }>
  }
  return Object.values(Resources).flatMap(
    ({ Metadata }) => Metadata?.cdk_nag?.rules_to_suppress ?? [],
  )
}

describe('the orders stack', () => {
  it('is what it was', async () => {
    const text = JSON.stringify(Template.fromStack(ordersStack()).toJSON(), undefined, 2)
    // What depends on the code of functions, and so on every change of the library.
    const stable = text
      .replaceAll(/[0-9a-f]{64}/g, '<asset>')
      .replaceAll(/(CurrentVersion[0-9A-F]{8})[0-9a-f]{32}/g, '$1<code>')
    await expect(`${stable}\n`).toMatchFileSnapshot('snapshots/orders.template.snap')
  })

  it('keeps the rules for AWS solutions, but for those that are suppressed with a reason', () => {
    expect(complaintsOf(ordersStack())).toEqual([])
  })
})

describe('an orchestrator with all that it may have', () => {
  it('keeps them, too, and so do its functions', () => {
    const { stack, fermata } = everything()
    new Monitoring(stack, 'Monitoring', { orchestrator: fermata })
    expect(complaintsOf(stack)).toEqual([])
  })

  it('says why a rule does not fit, and of which finding', () => {
    const { stack } = everything()
    const given = reasonsOf(stack)
    expect([...new Set(given.map(({ id }) => id))].toSorted()).toEqual([
      'AwsSolutions-ECS2',
      'AwsSolutions-IAM4',
      'AwsSolutions-IAM5',
    ])
    for (const { id, reason, applies_to } of given) {
      expect(reason.length).toBeGreaterThan(20)
      // What is said of one wildcard must not hide the next one.
      if (id === 'AwsSolutions-IAM5') expect(applies_to).toHaveLength(1)
    }
  })
})
