import { Policy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import { suppress } from './suppress.ts'

/** A role for a function that may write to its own log group alone: the managed policy lets it write to any. */
export function functionRole(
  scope: Construct,
  id: string,
  { logGroup, inVpc }: { readonly logGroup: ILogGroup; readonly inVpc: boolean },
): Role {
  const role = new Role(scope, id, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
  logGroup.grantWrite(role)
  if (inVpc) {
    // Below the role: a function waits for its role with all that is below it.
    const network = new Policy(role, 'Network', { roles: [role], statements: [networkStatement()] })
    const reason = 'Lambda asks for these of all interfaces, which it makes'
    suppress(network, { id: 'AwsSolutions-IAM5', appliesTo: ['Resource::*'], reason })
  }
  return role
}

/** For Lambda itself, which makes the interfaces with this role; not for the code, whose requests name the function. */
function networkStatement(): PolicyStatement {
  return new PolicyStatement({
    actions: [
      'ec2:CreateNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:DeleteNetworkInterface',
      'ec2:AssignPrivateIpAddresses',
      'ec2:UnassignPrivateIpAddresses',
    ],
    resources: ['*'],
    conditions: { Null: { 'lambda:SourceFunctionArn': 'true' } },
  })
}
