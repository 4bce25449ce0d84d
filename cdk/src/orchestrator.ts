import type { Definition } from '@fermata/lambda-runtime'
import { Annotations, Duration, Tags } from 'aws-cdk-lib'
import type { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import type { ITable, ITableV2 } from 'aws-cdk-lib/aws-dynamodb'
import { Connections, type IConnectable, Port } from 'aws-cdk-lib/aws-ec2'
import type { FargateService, ICluster, ScalableTaskCount } from 'aws-cdk-lib/aws-ecs'
import type { IApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import {
  type Grant,
  type IGrantable,
  type IRole,
  Policy,
  type PolicyStatement,
} from 'aws-cdk-lib/aws-iam'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import type { FermataFunction } from './fermata-function.ts'
import { blobStatements, grantAll, journalStatements } from './function-policy.ts'
import { Ingress } from './ingress.ts'
import type { ClusterBinding } from './kafka/cluster-binding.ts'
import { connectStatement, consumeStatements } from './kafka/msk.ts'
import { parseSource } from './kafka/source.ts'
import { type MetricName, orchestratorMetric } from './metrics.ts'
import {
  invokeStatement,
  orchestratorBlobStatements,
  tableStatements,
} from './orchestrator-policy.ts'
import type { OrchestratorProps } from './orchestrator-props.ts'
import { bindClusters, clusterOf, logGroupOf, tableOf, taskRoleOf, taskSubnets } from './parts.ts'
import { Registrar } from './registrar.ts'
import {
  deleteVersionsStatement,
  type RegisterOptions,
  Registration,
  type Registry,
  type SinkOf,
  type SubscribeProps,
  Subscription,
} from './registration.ts'
import { addScaling } from './scaling.ts'
import { addService } from './service.ts'
import { suppress } from './suppress.ts'
import { orchestratorTask } from './task.ts'
import { ValidationError } from './validation-error.ts'
import { warningsOf } from './warnings.ts'

const defaultPorts = { ingress: 8080, admin: 9070 }
const longestStop = Duration.minutes(2)

/**
 * A Fermata orchestrator: a Fargate service that consumes Kafka, keeps journals in DynamoDB and invokes the functions that
 * are registered with it.
 *
 * @example
 * const fermata = new Orchestrator(stack, 'Fermata', { vpc, kafka: { main: KafkaCluster.brokers(['b1:9092']) } })
 * const orders = new FermataFunction(stack, 'Orders', { entry: 'handlers/orders.ts' })
 * fermata.register(orders)
 * fermata.subscribe('orders', { source: 'kafka://main/orders', sink: 'checkout/process' })
 */
export class Orchestrator extends Construct implements IConnectable, IGrantable {
  readonly table: ITable | ITableV2
  readonly cluster: ICluster
  readonly service: FargateService
  readonly taskRole: IRole
  readonly grantPrincipal: IRole['grantPrincipal']
  readonly logGroup: ILogGroup
  /** Of the tasks. Its default port is the ingress. */
  readonly connections: Connections
  /** Where the admin API is, inside the VPC. */
  readonly adminUrl: string
  readonly scaling: ScalableTaskCount
  /** Only where an ingress was asked for. */
  readonly loadBalancer: IApplicationLoadBalancer | undefined

  readonly #props: OrchestratorProps
  readonly #kafka: Readonly<Record<string, ClusterBinding>>
  readonly #registry: Registry
  /** By service. */
  readonly #registrations = new Map<string, Registration>()

  constructor(scope: Construct, id: string, props: OrchestratorProps) {
    super(scope, id)
    this.#props = props
    this.table = tableOf(this, props)
    this.cluster = clusterOf(this, props)
    this.logGroup = logGroupOf(this, props)
    this.taskRole = taskRoleOf(this, props)
    this.grantPrincipal = this.taskRole.grantPrincipal
    this.#kafka = bindClusters(this, props.kafka ?? {})
    const { service, adminUrl } = this.#addService()
    this.service = service
    this.adminUrl = adminUrl
    this.connections = new Connections({
      securityGroups: service.connections.securityGroups,
      defaultPort: Port.tcp(this.ingressPort),
    })
    for (const { connections, ports } of Object.values(this.#kafka)) {
      for (const port of ports) connections?.allowFrom(service, Port.tcp(port), 'Fermata')
    }
    this.loadBalancer = this.#addIngress()
    const lag = this.metricLag({ label: 'lag' })
    this.scaling = addScaling(service, props.scaling ?? {}, lag)
    this.#registry = this.#addRegistrar()
    for (const [code, text] of warningsOf(props)) {
      Annotations.of(this).addWarningV2(`@fermata/cdk:${code}`, text)
    }
    Tags.of(this).add('fermata:orchestrator', this.node.path)
  }

  /** Where the admin API listens. */
  get adminPort(): number {
    return this.#props.admin?.port ?? defaultPorts.admin
  }

  /** Where the ingress listens. */
  get ingressPort(): number {
    return this.#props.ingressPort ?? defaultPorts.ingress
  }

  /**
   * Registers the function's current version whenever it changes, gives its role leave to use the journals of its own
   * services, and the orchestrator leave to invoke it. A registration that fails rolls the deployment back, with the
   * reason. All of it is in the function's stack, so functions may be in other stacks than the orchestrator.
   */
  register(fn: FermataFunction, options: RegisterOptions = {}): Registration {
    const registration = new Registration(fn, `${this.node.id}Registration`, {
      ...this.#registry,
      ...options,
      fn,
    })
    const invoke = new Policy(fn, `${this.node.id}Invoke`, {
      statements: [invokeStatement(fn)],
      roles: [this.taskRole],
    })
    const versions = new Policy(fn, `${this.node.id}Versions`, {
      statements: [deleteVersionsStatement(fn)],
      roles: [roleOf(this.#registry.registrar)],
    })
    const allVersions = 'Older versions stay in use: what was begun on them ends on them'
    for (const policy of [invoke, versions]) suppress(policy, 'AwsSolutions-IAM5', allVersions)
    registration.resource.node.addDependency(invoke, versions)
    this.grantJournals(fn, fn.services).applyBefore(registration.resource)
    for (const service of fn.services) this.#registrations.set(service, registration)
    return registration
  }

  /**
   * Delivers a topic to a handler, once the function that serves it is registered: call `register` first. Give the
   * definition's type to have the sink checked.
   *
   * @param name follows it for life: the consumer group and the ids of invocations are derived from it
   * @example fermata.subscribe<typeof checkout>('orders', { source: 'kafka://main/orders', sink: 'checkout/process' })
   */
  subscribe<D extends Definition = Definition>(
    name: string,
    props: SubscribeProps<SinkOf<D>>,
  ): Subscription {
    const { cluster, topic } = parseSource(props.source)
    const binding = this.#kafka[cluster]
    if (binding === undefined) {
      const known = Object.keys(this.#kafka).join(', ') || 'none'
      throw new ValidationError(
        `The orchestrator has no Kafka cluster "${cluster}" (it has ${known}): add it to \`kafka\`, or correct the source of "${name}"`,
      )
    }
    const registration = this.#registrations.get(props.sink.split('/')[0] ?? '')
    const id = `Subscription-${name}`
    const subscription = new Subscription(registration ?? this, id, {
      ...this.#registry,
      ...props,
      name,
    })
    if (registration !== undefined) {
      subscription.resource.node.addDependency(registration.resource)
    } else {
      Annotations.of(subscription).addWarningV2(
        '@fermata/cdk:unknownSink',
        `No function that is registered here serves "${props.sink}": register it before you subscribe, or the deployment fails unless something else serves it`,
      )
    }
    if (binding.iamClusterArn !== undefined) {
      const names = { topic, group: `fermata.${name}` }
      const policy = new Policy(subscription, 'Consume', {
        statements: consumeStatements(binding.iamClusterArn, names),
        roles: [this.taskRole],
      })
      subscription.resource.node.addDependency(policy)
    }
    return subscription
  }

  /** Lets a function append to, and read, the journals of these services: `register` does so for what it registers. */
  grantJournals(grantee: IGrantable, services: readonly string[]): Grant {
    const { blobs, encryptionKey } = this.#props
    const statements = [
      ...journalStatements(this.table, services),
      ...(blobs === undefined ? [] : blobStatements(blobs, services)),
    ]
    encryptionKey?.grantEncryptDecrypt(grantee)
    return grantAll(grantee, statements)
  }

  /** Lets callers reach the ingress. What may call is a matter of the network: the ingress knows no users. */
  grantInvoke(caller: IConnectable): void {
    const { connections } = this.loadBalancer ?? this
    connections.allowDefaultPortFrom(caller)
  }

  /** Seconds: how old the oldest record is that is not accepted yet, of all subscriptions. */
  metricLag(options?: MetricOptions): Metric {
    return this.metric('LagSeconds', options)
  }

  /** Attempts under way on one task. */
  metricRunning(options?: MetricOptions): Metric {
    return this.metric('Running', options)
  }

  /** Invocations that were paused: somebody has to look. */
  metricPaused(options?: MetricOptions): Metric {
    return this.metric('Paused', options)
  }

  /** Records that were put aside. */
  metricDeadLetters(options?: MetricOptions): Metric {
    return this.metric('DeadLetters', options)
  }

  /** Any of the orchestrator's metrics. */
  metric(name: MetricName, options?: MetricOptions): Metric {
    return orchestratorMetric(this.table.tableName, name, options)
  }

  #addService(): { service: FargateService; adminUrl: string } {
    const { encryptionKey, stopTimeout = longestStop } = this.#props
    const policy = new Policy(this, 'TaskPolicy', {
      statements: this.#statements(),
      roles: [this.taskRole],
    })
    encryptionKey?.grantEncryptDecrypt(this.taskRole)
    const task = orchestratorTask(this, {
      ...this.#props,
      table: this.table,
      taskRole: this.taskRole,
      logGroup: this.logGroup,
      kafka: this.#kafka,
      stopTimeout,
      ingressPort: this.ingressPort,
      adminPort: this.adminPort,
    })
    const made = addService(this, {
      ...this.#props,
      cluster: this.cluster,
      adminPort: this.adminPort,
      task,
    })
    // A task without its permissions would fail to start, and be counted as a broken deployment.
    made.service.node.addDependency(policy)
    return made
  }

  #statements(): PolicyStatement[] {
    const { blobs } = this.#props
    const clusters = Object.values(this.#kafka).flatMap(({ iamClusterArn }) =>
      iamClusterArn === undefined ? [] : [connectStatement(iamClusterArn)],
    )
    const stored = blobs === undefined ? [] : orchestratorBlobStatements(blobs)
    return [...tableStatements(this.table), ...stored, ...clusters]
  }

  #addIngress(): IApplicationLoadBalancer | undefined {
    const { ingress, vpc } = this.#props
    if (ingress === undefined) return undefined
    return new Ingress(this, 'Ingress', {
      ...ingress,
      vpc,
      service: this.service,
      containerPort: this.ingressPort,
      adminPort: this.adminPort,
    }).loadBalancer
  }

  #addRegistrar(): Registry {
    const { vpc, vpcSubnets, registrarSubnets } = this.#props
    const registrar = new Registrar(this, 'Registrar', {
      vpc,
      subnets: registrarSubnets ?? vpcSubnets ?? taskSubnets(vpc),
    })
    this.service.connections.allowFrom(registrar.securityGroup, Port.tcp(this.adminPort), 'Admin')
    return { registrar, adminUrl: this.adminUrl, ready: this.service }
  }
}

function roleOf({ function: fn }: Registrar): IRole {
  if (fn.role === undefined) throw new ValidationError('The registrar has no role')
  return fn.role
}
