import { CfnResource } from 'aws-cdk-lib'
import type { IConstruct } from 'constructs'

export type Suppression = {
  /** Of the rule: `AwsSolutions-IAM5`. */
  readonly id: string
  /** Which of its findings; the rule's others still show. All, where it is left out. */
  readonly appliesTo?: readonly (string | { readonly regex: string })[]
  readonly reason: string
}

/**
 * Says why a rule of cdk-nag does not fit a resource, in the way in which cdk-nag reads it: those who check their apps find
 * the reason in the template, and this package needs no cdk-nag.
 */
export function suppress(construct: IConstruct, { id, appliesTo, reason }: Suppression): void {
  const resource = construct.node.defaultChild ?? construct
  if (!CfnResource.isCfnResource(resource)) return
  const before = (resource.getMetadata('cdk_nag') ?? { rules_to_suppress: [] }) as {
    rules_to_suppress: object[]
  }
  const rule = { id, reason, ...(appliesTo === undefined ? {} : { applies_to: appliesTo }) }
  resource.addMetadata('cdk_nag', { rules_to_suppress: [...before.rules_to_suppress, rule] })
}
