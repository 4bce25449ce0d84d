/** An orchestrator among things that are there already: each is taken instead of one of its own. */
import { loadConfig } from '@fermata/orchestrator'
import { Stack } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { AttributeType, Table, TableV2 } from 'aws-cdk-lib/aws-dynamodb'
import { SecurityGroup, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2'
import { Cluster, ContainerImage } from 'aws-cdk-lib/aws-ecs'
import { ApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import { Role } from 'aws-cdk-lib/aws-iam'
import { Key } from 'aws-cdk-lib/aws-kms'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { PrivateDnsNamespace } from 'aws-cdk-lib/aws-servicediscovery'
import { describe, expect, it } from 'vitest'
import {
  checks,
  environmentOf,
  functionIn,
  newStack,
  propertiesOf,
  scene,
  warningsOf,
} from './support/synthesis.ts'

const env = { account: '123456789012', region: 'eu-west-1' }
const keyArn = (id: string) => `arn:aws:kms:eu-west-1:123456789012:key/${id}`
const tableKey = '11111111-1111-1111-1111-111111111111'
const bucketKey = '22222222-2222-2222-2222-222222222222'

/** Where things live that are not the orchestrator's. */
const elsewhere = () => new Stack(undefined, 'Elsewhere', { env })

type Statement = {
  readonly Action: string | readonly string[]
  readonly Resource: unknown
  readonly Condition?: unknown
}

/** The statements about a key, of all roles. */
function aboutKey(stack: Stack, id: string): Record<string, Statement[]> {
  const found = propertiesOf(stack, 'AWS::IAM::Policy').flatMap(({ PolicyDocument, Roles }) => {
    const { Statement: statements } = PolicyDocument as { Statement: Statement[] }
    const [role] = Roles as { Ref: string }[]
    return statements
      .filter(({ Resource }) => Resource === keyArn(id))
      .map((one) => [(role?.Ref ?? '').replace(/[0-9A-F]{8}$/, ''), one] as const)
  })
  const roles = [...new Set(found.map(([role]) => role))].toSorted()
  return Object.fromEntries(
    roles.map((role) => [role, found.filter(([of]) => of === role).map(([, one]) => one)]),
  )
}

const through = (service: string) => ({
  StringEquals: { 'kms:ViaService': `${service}.eu-west-1.amazonaws.com` },
})

describe('a given VPC', () => {
  it('is looked nothing up in: subnets, security groups and a namespace may be given, too', () => {
    const other = elsewhere()
    const vpc = Vpc.fromVpcAttributes(other, 'Vpc', {
      vpcId: 'vpc-0123456789abcdef0',
      availabilityZones: ['eu-west-1a'],
      isolatedSubnetIds: ['subnet-0123456789abcdef0'],
      isolatedSubnetRouteTableIds: ['rtb-0123456789abcdef0'],
    })
    const group = SecurityGroup.fromSecurityGroupId(other, 'Group', 'sg-0123456789abcdef0')
    const namespace = PrivateDnsNamespace.fromPrivateDnsNamespaceAttributes(other, 'Namespace', {
      namespaceId: 'ns-1',
      namespaceName: 'shop.internal',
      namespaceArn: 'arn:aws:servicediscovery:eu-west-1:123456789012:namespace/ns-1',
    })
    const { stack, fermata } = scene({
      vpc,
      vpcSubnets: { subnetType: SubnetType.PRIVATE_ISOLATED },
      securityGroups: [group],
      admin: { namespace },
    })
    checks(stack).hasResourceProperties('AWS::ECS::Service', {
      NetworkConfiguration: {
        AwsvpcConfiguration: {
          AssignPublicIp: 'DISABLED',
          SecurityGroups: ['sg-0123456789abcdef0'],
          Subnets: ['subnet-0123456789abcdef0'],
        },
      },
    })
    checks(stack).resourceCountIs('AWS::ServiceDiscovery::PrivateDnsNamespace', 0)
    expect(fermata.adminUrl).toBe('http://admin.shop.internal:9070')
  })

  it('has its own group let the registrar in before anything is registered', () => {
    const { stack, vpc } = scene()
    const group = new SecurityGroup(stack, 'Given', { vpc })
    const id = 'Second'
    const { fermata } = scene({ vpc, securityGroups: [group] }, { stack, id })
    fermata.register(functionIn(stack))
    const rules = Object.entries(
      Template.fromStack(stack).findResources('AWS::EC2::SecurityGroupIngress'),
    ).flatMap(([name, { Properties }]) =>
      JSON.stringify(Properties.GroupId).includes('Given') ? [name] : [],
    )
    expect(rules).toHaveLength(1)
    checks(stack).hasResource('Custom::FermataDeployment', { DependsOn: Match.arrayWith(rules) })
  })
})

describe('a given cluster, log group, role and image', () => {
  it('are taken', () => {
    const stack = newStack()
    const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', {
      vpcId: 'vpc-0123456789abcdef0',
      availabilityZones: ['eu-west-1a'],
      privateSubnetIds: ['subnet-0123456789abcdef0'],
    })
    const { fermata } = scene(
      {
        vpc,
        cluster: Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'shop', vpc }),
        logGroup: LogGroup.fromLogGroupName(stack, 'Logs', 'shop'),
        taskRole: Role.fromRoleArn(stack, 'Role', 'arn:aws:iam::123456789012:role/shop'),
        image: ContainerImage.fromRegistry('registry.example/fermata:1'),
      },
      { stack },
    )
    const template = checks(stack)
    template.resourceCountIs('AWS::ECS::Cluster', 0)
    template.hasResourceProperties('AWS::ECS::Service', { Cluster: 'shop' })
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      TaskRoleArn: 'arn:aws:iam::123456789012:role/shop',
      ContainerDefinitions: [
        Match.objectLike({
          Image: 'registry.example/fermata:1',
          LogConfiguration: Match.objectLike({
            Options: Match.objectLike({ 'awslogs-group': 'shop' }),
          }),
        }),
      ],
    })
    template.hasResourceProperties('AWS::IAM::Policy', { Roles: ['shop'] })
    expect(fermata.logGroup.logGroupName).toBe('shop')
  })
})

describe('a given table', () => {
  it('is named to the task, and warned of: what it is like is not known', () => {
    const { stack } = scene({ table: TableV2.fromTableName(elsewhere(), 'Given', 'given') })
    checks(stack).resourceCountIs('AWS::DynamoDB::GlobalTable', 0)
    expect(loadConfig(environmentOf(stack)).table).toBe('given')
    expect(warningsOf(stack)).toContain('givenTable')
  })

  it('may be one of the first kind, with a key of yours: its users may use the key', () => {
    const { stack } = scene()
    const table = new Table(stack, 'Given', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      encryptionKey: Key.fromKeyArn(stack, 'Key', keyArn(tableKey)),
    })
    const { fermata } = scene({ table }, { stack, id: 'Second' })
    fermata.register(functionIn(stack))
    expect(Object.keys(aboutKey(stack, tableKey))).toEqual(['SecondTaskRole', 'ShopRole'])
  })
})

describe('a key of yours', () => {
  it('encrypts the table and the log groups; tasks and functions use it through DynamoDB alone', () => {
    const key = Key.fromKeyArn(elsewhere(), 'Key', keyArn(tableKey))
    const { stack, fermata } = scene({ encryptionKey: key })
    fermata.register(functionIn(stack))
    checks(stack).hasResourceProperties('AWS::DynamoDB::GlobalTable', {
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
      Replicas: [Match.objectLike({ SSESpecification: { KMSMasterKeyId: keyArn(tableKey) } })],
    })
    const logs = propertiesOf(stack, 'AWS::Logs::LogGroup').map(({ KmsKeyId }) => KmsKeyId)
    // Of the tasks and of the registrar; the function's is given to the function.
    expect(logs.filter((one) => one !== undefined)).toEqual([keyArn(tableKey), keyArn(tableKey)])
    expect(warningsOf(stack)).toContain('keyOfLogs')
    const statements = aboutKey(stack, tableKey)
    expect(Object.keys(statements)).toEqual(['FermataTaskRole', 'ShopRole'])
    for (const [statement, ...rest] of Object.values(statements)) {
      expect(rest).toEqual([])
      expect(statement?.Action).toContain('kms:Decrypt')
      expect(statement?.Action).toContain('kms:GenerateDataKey')
      expect(statement?.Condition).toEqual(through('dynamodb'))
    }
  })

  it('that is made in the app lets CloudWatch Logs in', () => {
    const { stack } = scene()
    const encryptionKey = new Key(stack, 'Key', { enableKeyRotation: true })
    scene({ encryptionKey }, { stack, id: 'Second' })
    checks(stack).hasResourceProperties('AWS::KMS::Key', {
      KeyPolicy: Match.objectLike({
        Statement: Match.arrayWith([
          Match.objectLike({
            Principal: { Service: 'logs.eu-west-1.amazonaws.com' },
            Condition: {
              ArnLike: {
                'kms:EncryptionContext:aws:logs:arn': {
                  'Fn::Join': Match.arrayWith([
                    Match.arrayWith([':logs:eu-west-1:123456789012:log-group:*']),
                  ]),
                },
              },
            },
          }),
        ]),
      }),
    })
    expect(warningsOf(stack)).not.toContain('keyOfLogs')
  })

  it('that encrypts the bucket of large values may be used through S3 by who reads and writes them', () => {
    const other = elsewhere()
    const bucket = Bucket.fromBucketAttributes(other, 'Bucket', {
      bucketArn: 'arn:aws:s3:::payloads',
      encryptionKey: Key.fromKeyArn(other, 'Key', keyArn(bucketKey)),
    })
    const { stack, fermata } = scene({ blobs: { bucket } })
    fermata.register(functionIn(stack))
    const expected = [
      expect.objectContaining({
        Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
        Condition: through('s3'),
      }),
    ]
    expect(aboutKey(stack, bucketKey)).toEqual({ FermataTaskRole: expected, ShopRole: expected })
  })
})

describe('a given load balancer', () => {
  it('gets a listener, beside those that it has, and may reach the tasks', () => {
    const other = elsewhere()
    const vpc = Vpc.fromVpcAttributes(other, 'Vpc', {
      vpcId: 'vpc-0123456789abcdef0',
      availabilityZones: ['eu-west-1a'],
      privateSubnetIds: ['subnet-0123456789abcdef0'],
    })
    const arn =
      'arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop/0123456789abcdef'
    const loadBalancer = ApplicationLoadBalancer.fromApplicationLoadBalancerAttributes(
      other,
      'LoadBalancer',
      { loadBalancerArn: arn, securityGroupId: 'sg-0123456789abcdef1', vpc },
    )
    const { stack, fermata } = scene({ vpc, ingress: { loadBalancer, port: 8443 } })
    // Two orchestrators behind one.
    scene({ vpc, ingress: { loadBalancer, port: 9443 } }, { stack, id: 'Second' })
    const template = checks(stack)
    template.resourceCountIs('AWS::ElasticLoadBalancingV2::LoadBalancer', 0)
    template.resourceCountIs('AWS::ElasticLoadBalancingV2::Listener', 2)
    for (const Port of [8443, 9443]) {
      template.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
        LoadBalancerArn: arn,
        Port,
      })
    }
    const opened = propertiesOf(stack, 'AWS::EC2::SecurityGroupIngress')
      .filter(({ SourceSecurityGroupId }) => SourceSecurityGroupId === 'sg-0123456789abcdef1')
      .map(({ FromPort }) => FromPort)
    expect(opened).toEqual(expect.arrayContaining([8080, 9070]))
    expect(fermata.loadBalancer).toBe(loadBalancer)
  })
})
