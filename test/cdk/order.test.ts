/** In which order things are made, and taken away: CloudFormation knows only what depends on what. */
import { KafkaCluster, MskAuth } from '@fermata/cdk'
import { App, Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import {
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2'
import { CfnServerlessCluster } from 'aws-cdk-lib/aws-msk'
import { describe, expect, it } from 'vitest'
import { functionIn, newStack, propertiesOf, scene } from './support/synthesis.ts'

const env = { account: '123456789012', region: 'eu-west-1' }

/** All of a type that something of another type waits for, directly or by others. */
function awaited(stack: Stack, { by, type }: { by: string; type: string }): string[][] {
  const template = Template.fromStack(stack)
  const resources = template.toJSON()['Resources'] as Record<string, { Type: string }>
  const found: string[][] = []
  for (const [name, { Type }] of Object.entries(resources)) {
    if (Type !== by) continue
    const all = reach(resources, name)
    found.push([...all].filter((one) => resources[one]?.Type === type).toSorted())
  }
  return found
}

function reach(resources: Record<string, object>, from: string, seen = new Set<string>()) {
  for (const name of namedIn(resources[from])) {
    if (seen.has(name) || resources[name] === undefined) continue
    seen.add(name)
    reach(resources, name, seen)
  }
  return seen
}

/** Ids of resources, and other texts, in a part of a template. */
function namedIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(namedIn)
}

const idsOf = (stack: Stack, type: string) =>
  Object.keys(Template.fromStack(stack).findResources(type)).toSorted()

/** Two stacks of an app: the network with what is in it, and the orchestrator's. */
function twoStacks() {
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } })
  const network = new Stack(app, 'Network', { env })
  const vpc = new Vpc(network, 'Vpc', { maxAzs: 2, natGateways: 1 })
  return { app, network, vpc, stack: new Stack(app, 'Test', { env }) }
}

/** Where rules are that let in by the port, by stack. */
const opened = (stack: Stack, port: number) =>
  propertiesOf(stack, 'AWS::EC2::SecurityGroupIngress').filter(({ FromPort }) => FromPort === port)

describe('the way to AWS', () => {
  const waiting = ['AWS::ECS::Service', 'Custom::FermataDeployment', 'Custom::FermataSubscription']

  it.each(waiting)('by a NAT gateway is there before %s, and goes after it', (by) => {
    const { stack, fermata } = scene()
    fermata.register(functionIn(stack))
    fermata.subscribe('orders', { source: 'kafka://main/orders', sink: 'shop/buy' })
    const gateways = idsOf(stack, 'AWS::EC2::NatGateway')
    expect(gateways).toHaveLength(1)
    expect(awaited(stack, { by, type: 'AWS::EC2::NatGateway' })).toEqual([gateways])
  })

  it.each(waiting)('by endpoints, though they are added later, is there before %s, too', (by) => {
    const stack = newStack()
    const vpc = new Vpc(stack, 'Vpc', {
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [{ name: 'isolated', subnetType: SubnetType.PRIVATE_ISOLATED }],
    })
    const { fermata } = scene({ vpc }, { stack })
    fermata.register(functionIn(stack))
    fermata.subscribe('orders', { source: 'kafka://main/orders', sink: 'shop/buy' })
    vpc.addGatewayEndpoint('S3', { service: GatewayVpcEndpointAwsService.S3 })
    const lambda = vpc.addInterfaceEndpoint('Lambda', {
      service: InterfaceVpcEndpointAwsService.LAMBDA,
      open: false,
    })
    // Who waits for an endpoint is let in to it: no circle.
    lambda.connections.allowDefaultPortFrom(fermata)
    const type = 'AWS::EC2::VPCEndpoint'
    const endpoints = idsOf(stack, type)
    expect(endpoints).toHaveLength(2)
    expect(awaited(stack, { by, type })).toEqual([endpoints])
  })

  it('of another VPC is nobody’s here', () => {
    const { stack } = scene()
    const other = new Vpc(stack, 'Other', { maxAzs: 2, natGateways: 0 })
    other.addGatewayEndpoint('S3', { service: GatewayVpcEndpointAwsService.S3 })
    expect(awaited(stack, { by: 'AWS::ECS::Service', type: 'AWS::EC2::VPCEndpoint' })).toEqual([[]])
  })
})

describe('the tasks', () => {
  it('wait for what lets them get their image and write their log', () => {
    const { stack } = scene()
    const policies = awaited(stack, { by: 'AWS::ECS::Service', type: 'AWS::IAM::Policy' })
    expect(policies).toEqual([
      expect.arrayContaining([
        expect.stringMatching('TaskExecutionRoleDefaultPolicy'),
        expect.stringMatching('TaskPolicy'),
      ]),
    ])
  })
})

describe('an orchestrator in another stack than its network', () => {
  it('is let in to MSK there, by a rule of its own stack', () => {
    const { app, network, vpc, stack } = twoStacks()
    const brokers = new SecurityGroup(network, 'Brokers', { vpc })
    const { attrArn: clusterArn } = new CfnServerlessCluster(network, 'Kafka', {
      clusterName: 'shop',
      clientAuthentication: { sasl: { iam: { enabled: true } } },
      vpcConfigs: [
        {
          subnetIds: vpc.privateSubnets.map(({ subnetId }) => subnetId),
          securityGroups: [brokers.securityGroupId],
        },
      ],
    })
    const { connections } = brokers
    const main = KafkaCluster.msk({ clusterArn, connections }, MskAuth.iam())
    scene({ vpc, kafka: { main } }, { stack })
    app.synth()
    expect(opened(network, 9098)).toEqual([])
    expect(opened(stack, 9098)).toHaveLength(1)
  })

  it('takes a group of that stack, in which the registrar is let in before it registers', () => {
    const { app, network, vpc, stack } = twoStacks()
    const group = new SecurityGroup(network, 'Group', { vpc })
    const { fermata } = scene({ vpc, securityGroups: [group] }, { stack })
    fermata.register(functionIn(stack))
    app.synth()
    expect(opened(stack, 9070)).toHaveLength(1)
    const type = 'AWS::EC2::SecurityGroupIngress'
    expect(awaited(stack, { by: 'Custom::FermataDeployment', type })).toEqual([idsOf(stack, type)])
  })

  it('opens its own group to the outside where it was closed', () => {
    const { app, network, vpc, stack } = twoStacks()
    const connections = new SecurityGroup(network, 'Brokers', { vpc }).connections
    const closed = new SecurityGroup(stack, 'Closed', { vpc, allowAllOutbound: false })
    const main = KafkaCluster.brokers(['b1:9092'], { connections })
    scene({ vpc, kafka: { main }, securityGroups: [closed] }, { stack })
    app.synth()
    const ports = propertiesOf(stack, 'AWS::EC2::SecurityGroupEgress').map((one) => one['FromPort'])
    expect(ports).toEqual([9092])
  })
})
