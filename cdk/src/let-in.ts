import { Stack } from 'aws-cdk-lib'
import type { IConnectable, Port } from 'aws-cdk-lib/aws-ec2'

/**
 * Lets a caller in. Between two stacks the rule stands in the caller's: that one knows the other already, and both knowing
 * each other could not be deployed.
 */
export function letIn(
  caller: IConnectable,
  { to, port, description }: { to: IConnectable; port: Port; description: string },
): void {
  for (const from of caller.connections.securityGroups) {
    for (const group of to.connections.securityGroups) {
      if (Stack.of(from) === Stack.of(group)) {
        group.connections.allowFrom(from, port, description)
      } else {
        group.addIngressRule(from, port, description, true)
        if (!from.allowAllOutbound) from.addEgressRule(group, port, description)
      }
    }
  }
}
