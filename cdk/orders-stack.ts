import { fileURLToPath } from 'node:url'
import {
  FermataFunction,
  KafkaCluster,
  Monitoring,
  Orchestrator,
  type OrchestratorProps,
} from '@fermata/cdk'
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib'
import type { IVpc } from 'aws-cdk-lib/aws-ec2'
import { GatewayVpcEndpointAwsService, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2'
import { NagSuppressions } from 'cdk-nag'
import type { Construct } from 'constructs'
import type { checkout } from '../examples/orders/services/checkout.ts'

const functions = fileURLToPath(new URL('../examples/orders/functions/', import.meta.url))
/** In this repository the library is used as it stands, without a build. */
const bundling = { esbuildArgs: { '--conditions': 'source' } }

export interface OrdersStackProps extends StackProps {
  /** `<host>:<port>`, of Kafka as it is reached from the VPC. @default none: orders come over HTTP */
  readonly brokers?: readonly string[]
  /** Payments, warehouse and mail. */
  readonly outsideUrl: string
  /** Of the functions, beside `OUTSIDE_URL`. */
  readonly environment?: Readonly<Record<string, string>>
  /** The file with the handlers of orders. @default the example's */
  readonly ordersEntry?: string
  /** Removes functions at once when the stack goes, though orders may be on them. */
  readonly force?: boolean
  readonly orchestrator?: Partial<OrchestratorProps>
}

/** The example of a web shop's checkout, as one stack: VPC, orchestrator, two functions, a topic. */
export class OrdersStack extends Stack {
  readonly orchestrator: Orchestrator

  constructor(scope: Construct, id: string, props: OrdersStackProps) {
    super(scope, id, props)
    const { brokers = [], outsideUrl, force = false } = props
    const fermata = new Orchestrator(this, 'Fermata', {
      vpc: props.orchestrator?.vpc ?? vpcOf(this),
      ...(brokers.length === 0 ? {} : { kafka: { main: KafkaCluster.brokers(brokers) } }),
      ...props.orchestrator,
    })
    const environment = { ...props.environment, OUTSIDE_URL: outsideUrl }
    const functionOf = (name: string, entry: string) =>
      new FermataFunction(this, name, { entry, environment, bundling })
    const onRemoval = force ? 'force' : 'drain'
    const inventory = fermata.register(functionOf('Inventory', `${functions}inventory.ts`), {
      onRemoval,
    })
    const { ordersEntry = `${functions}orders.ts` } = props
    const orders = fermata.register(functionOf('Orders', ordersEntry), { onRemoval })
    // Orders call the inventory: it is there first, and goes last.
    orders.resource.node.addDependency(inventory.resource)
    if (brokers.length > 0) {
      fermata.subscribe<typeof checkout>('orders', {
        source: 'kafka://main/orders',
        sink: 'checkout/process',
      })
    }
    new Monitoring(this, 'Monitoring', { orchestrator: fermata })
    new CfnOutput(this, 'AdminUrl', { value: fermata.adminUrl })
    new CfnOutput(this, 'TableName', { value: fermata.table.tableName })
    this.orchestrator = fermata
  }
}

/** Two zones, one NAT gateway; what goes to S3 and DynamoDB does not pay for it. */
function vpcOf(scope: Construct): IVpc {
  const vpc = new Vpc(scope, 'Vpc', {
    maxAzs: 2,
    natGateways: 1,
    subnetConfiguration: [
      { name: 'public', subnetType: SubnetType.PUBLIC, cidrMask: 24, mapPublicIpOnLaunch: false },
      { name: 'private', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 22 },
    ],
  })
  NagSuppressions.addResourceSuppressions(vpc, [
    { id: 'AwsSolutions-VPC7', reason: 'An example: flow logs cost more than it does' },
  ])
  vpc.addGatewayEndpoint('S3', { service: GatewayVpcEndpointAwsService.S3 })
  vpc.addGatewayEndpoint('DynamoDb', { service: GatewayVpcEndpointAwsService.DYNAMODB })
  return vpc
}
