import { CfnResource } from 'aws-cdk-lib'
import type { IConstruct } from 'constructs'

/**
 * Says why a rule of cdk-nag does not fit a resource, in the way in which cdk-nag reads it: those who check their apps find
 * the reason in the template, and this package needs no cdk-nag.
 */
export function suppress(construct: IConstruct, id: string, reason: string): void {
  const resource = construct.node.defaultChild ?? construct
  if (!CfnResource.isCfnResource(resource)) return
  const before = (resource.getMetadata('cdk_nag') ?? { rules_to_suppress: [] }) as {
    rules_to_suppress: object[]
  }
  resource.addMetadata('cdk_nag', {
    rules_to_suppress: [...before.rules_to_suppress, { id, reason }],
  })
}
