import { Stack } from 'aws-cdk-lib'
import { CfnVPCEndpoint, type IVpc, type SubnetSelection } from 'aws-cdk-lib/aws-ec2'
import { type Construct, Dependable, DependencyGroup, type IDependable } from 'constructs'

/**
 * By what is in these subnets AWS is reached: routes, and the VPC's endpoints. Who needs AWS waits for it, and, what
 * matters more, goes before it: without it CloudFormation would never hear that something is gone.
 */
export function wayOut(
  scope: Construct,
  { vpc, subnets }: { readonly vpc: IVpc; readonly subnets: SubnetSelection },
): IDependable {
  const endpoints = new DependencyGroup()
  // Asked for when the app is synthesized: endpoints may be added after the orchestrator.
  Dependable.implement(endpoints, {
    get dependencyRoots() {
      return endpointsOf(scope, vpc)
    },
  })
  return new DependencyGroup(vpc.selectSubnets(subnets).internetConnectivityEstablished, endpoints)
}

/** Alone, without their security groups: a rule there may name who waits. */
function endpointsOf(scope: Construct, vpc: IVpc): CfnVPCEndpoint[] {
  const stacks = new Set([Stack.of(vpc), Stack.of(scope)])
  return [...stacks]
    .flatMap((stack) => stack.node.findAll())
    .filter((one): one is CfnVPCEndpoint => one instanceof CfnVPCEndpoint)
    .filter(({ vpcId }) => vpcId === vpc.vpcId)
}
