import { Duration } from 'aws-cdk-lib'
import {
  CfnService,
  FargateService,
  type FargateTaskDefinition,
  type ICluster,
  PropagatedTagSource,
} from 'aws-cdk-lib/aws-ecs'
import { DnsRecordType, PrivateDnsNamespace } from 'aws-cdk-lib/aws-servicediscovery'
import type { Construct, IDependable } from 'constructs'
import type { OrchestratorProps } from './orchestrator-props.ts'
import { taskSubnets } from './parts.ts'
import { wayOut } from './way-out.ts'

type ServiceProps = Pick<
  OrchestratorProps,
  'vpc' | 'vpcSubnets' | 'securityGroups' | 'admin' | 'scaling'
> & {
  readonly cluster: ICluster
  readonly adminPort: number
  readonly task: FargateTaskDefinition
}

const adminName = 'admin'

/** The tasks, and the name under which their admin API is reached. */
export function addService(
  scope: Construct,
  props: ServiceProps,
): { service: FargateService; adminUrl: string } {
  const { admin = {}, vpc, vpcSubnets, securityGroups } = props
  const namespace = admin.url === undefined ? namespaceOf(scope, props) : undefined
  const subnets = vpcSubnets ?? taskSubnets(vpc)
  const service = new FargateService(scope, 'Service', {
    cluster: props.cluster,
    taskDefinition: props.task,
    vpcSubnets: subnets,
    assignPublicIp: false,
    ...(securityGroups === undefined ? {} : { securityGroups: [...securityGroups] }),
    // A new task takes its share of the work before an old one gives its up.
    minHealthyPercent: 100,
    maxHealthyPercent: 200,
    circuitBreaker: { rollback: true },
    propagateTags: PropagatedTagSource.SERVICE,
    enableECSManagedTags: true,
    desiredCount: props.scaling?.minTasks ?? 2,
    ...(namespace === undefined
      ? {}
      : {
          cloudMapOptions: {
            name: adminName,
            cloudMapNamespace: namespace,
            dnsRecordType: DnsRecordType.A,
            dnsTtl: Duration.seconds(10),
          },
        }),
  })
  refine(service, wayOut(scope, { vpc, subnets }), props.task.obtainExecutionRole())
  const host = namespace && `${adminName}.${namespace.namespaceName}`
  return { service, adminUrl: admin.url ?? `http://${host}:${props.adminPort}` }
}

/**
 * Three tasks that fail to start are a failed deployment, so none starts before it can get its image and write its log.
 * And no number of tasks: stated in the template, each deployment would take away what the scaling has added.
 */
function refine(service: FargateService, ...needs: readonly IDependable[]): void {
  const resource = service.node.findChild('Service')
  if (!(resource instanceof CfnService)) return
  // Of the resource alone: what is around it, its security group say, is named by what it waits for.
  resource.node.addDependency(...needs)
  resource.addPropertyDeletionOverride('DesiredCount')
}

function namespaceOf(scope: Construct, { admin = {}, vpc }: ServiceProps) {
  return (
    admin.namespace ??
    new PrivateDnsNamespace(scope, 'Namespace', {
      vpc,
      // A namespace has to have a name: one that is nobody else's in the VPC.
      name: `fermata-${scope.node.addr.slice(-8)}.internal`,
      description: 'Where the Fermata orchestrator is found inside the VPC',
    })
  )
}
