import { Annotations, Duration, Stack, Tags } from 'aws-cdk-lib'
import type { ITable, ITableV2 } from 'aws-cdk-lib/aws-dynamodb'
import { Connections, type IConnectable, Port } from 'aws-cdk-lib/aws-ec2'
import type { FargateService, ICluster, ScalableTaskCount } from 'aws-cdk-lib/aws-ecs'
import type { IApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import { type IRole, Policy } from 'aws-cdk-lib/aws-iam'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import { type Construct, DependencyGroup } from 'constructs'
import type { Storage } from './function-policy.ts'
import { ImportedOrchestrator, type OrchestratorAttributes } from './imported-orchestrator.ts'
import { Ingress } from './ingress.ts'
import type { ClusterBinding } from './kafka/cluster-binding.ts'
import { connectStatements } from './kafka/msk.ts'
import { letIn } from './let-in.ts'
import { OrchestratorBase } from './orchestrator-base.ts'
import { storageStatements } from './orchestrator-policy.ts'
import type { OrchestratorProps } from './orchestrator-props.ts'
import { bindClusters, clusterOf, logGroupOf, tableOf, taskRoleOf, taskSubnets } from './parts.ts'
import { allObjects, type Site } from './registering.ts'
import { Registrar } from './registrar.ts'
import { addScaling } from './scaling.ts'
import { addService } from './service.ts'
import { suppress } from './suppress.ts'
import { orchestratorTask } from './task.ts'
import { ValidationError } from './validation-error.ts'
import { warningsOf } from './warnings.ts'
import { wayOut } from './way-out.ts'

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
export class Orchestrator extends OrchestratorBase implements IConnectable {
  /** One that another app has deployed, in the same account: to register functions and subscribe topics from this app. */
  static fromOrchestratorAttributes(
    scope: Construct,
    id: string,
    attributes: OrchestratorAttributes,
  ): OrchestratorBase {
    return new ImportedOrchestrator(scope, id, attributes)
  }

  readonly table: ITable | ITableV2
  readonly cluster: ICluster
  readonly service: FargateService
  readonly taskRole: IRole
  readonly registrar: IFunction
  /** Of the tasks; its metrics come out of it, too. */
  readonly logGroup: ILogGroup
  /** Of the tasks. Its default port is the ingress. */
  readonly connections: Connections
  readonly adminUrl: string
  /** By CPU and lag; add schedules or metrics of your own. */
  readonly scaling: ScalableTaskCount
  /** Only where an ingress was asked for. */
  readonly loadBalancer: IApplicationLoadBalancer | undefined

  readonly #props: OrchestratorProps
  readonly #storage: Storage
  readonly #kafka: Readonly<Record<string, ClusterBinding>>
  readonly #ingress: Ingress | undefined
  /** @internal */
  protected readonly _site: Site

  constructor(scope: Construct, id: string, props: OrchestratorProps) {
    super(scope, id)
    this.#props = props
    if ((props.stopTimeout ?? longestStop).toSeconds() > longestStop.toSeconds()) {
      throw new ValidationError('A task may take 2 minutes to stop at most: lower `stopTimeout`')
    }
    this.table = tableOf(this, props)
    const tableKey = props.encryptionKey ?? this.table.encryptionKey
    this.#storage = { table: this.table, tableKey, blobs: props.blobs }
    this.cluster = clusterOf(this, props)
    this.logGroup = logGroupOf(this, props)
    this.taskRole = taskRoleOf(this, props)
    this.#kafka = bindClusters(this, props.kafka ?? {})
    const { service, adminUrl } = this.#addService()
    this.service = service
    this.adminUrl = adminUrl
    this.connections = new Connections({
      securityGroups: service.connections.securityGroups,
      defaultPort: Port.tcp(this.ingressPort),
    })
    for (const { connections, ports } of Object.values(this.#kafka)) {
      if (connections === undefined) continue
      for (const port of ports.map((one) => Port.tcp(one))) {
        letIn(service, { to: { connections }, port, description: 'Fermata' })
      }
    }
    this.#ingress = this.#addIngress()
    this.loadBalancer = this.#ingress?.loadBalancer
    const lag = this.metricLag({ label: 'lag' })
    this.scaling = addScaling(service, props.scaling ?? {}, lag)
    this._site = this.#addRegistrar()
    this.registrar = this._site.registrar
    for (const [code, text] of warningsOf(props, this.#kafka)) {
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

  /** Lets callers reach the ingress. What may call is a matter of the network: the ingress knows no users. */
  grantInvoke(caller: IConnectable): void {
    const { connections } = this.#ingress?.listener ?? this
    connections.allowDefaultPortFrom(caller, 'Fermata ingress')
  }

  /** Lets whoever it is reach the admin API, and with it do everything: it knows no users. */
  grantAdmin(operator: IConnectable): void {
    this.connections.allowFrom(operator, Port.tcp(this.adminPort), 'Fermata admin')
  }

  #addService(): { service: FargateService; adminUrl: string } {
    const policy = new Policy(this, 'TaskPolicy', {
      statements: [...storageStatements(this.#storage), ...connectStatements(this.#kafka)],
      roles: [this.taskRole],
    })
    if (this.#props.blobs !== undefined) suppress(policy, allObjects)
    const task = orchestratorTask(this, {
      ...this.#props,
      table: this.table,
      taskRole: this.taskRole,
      logGroup: this.logGroup,
      kafka: this.#kafka,
      stopTimeout: this.#props.stopTimeout ?? longestStop,
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

  #addIngress(): Ingress | undefined {
    const { ingress, vpc } = this.#props
    if (ingress === undefined) return undefined
    return new Ingress(this, 'Ingress', {
      ...ingress,
      vpc,
      service: this.service,
      containerPort: this.ingressPort,
      adminPort: this.adminPort,
    })
  }

  #addRegistrar(): Site {
    const { vpc, vpcSubnets, registrarSubnets, securityGroups = [] } = this.#props
    const subnets = registrarSubnets ?? vpcSubnets ?? taskSubnets(vpc)
    const { encryptionKey } = this.#props
    const registrar = new Registrar(this, 'Registrar', { vpc, subnets, encryptionKey })
    const { securityGroup } = registrar
    const port = Port.tcp(this.adminPort)
    letIn(securityGroup, { to: this.service, port, description: 'Admin' })
    // Groups bring the rule that lets the registrar in: it must be there before, and go after.
    const own = securityGroups.filter((group) => Stack.of(group) === Stack.of(this))
    const needs = [this.service, securityGroup, ...own, wayOut(this, { vpc, subnets })]
    return {
      orchestrator: this,
      registrar: registrar.function,
      adminUrl: this.adminUrl,
      ready: new DependencyGroup(...needs),
      taskRole: this.taskRole,
      storage: this.#storage,
      kafka: this.#kafka,
    }
  }
}
