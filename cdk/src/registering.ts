import { Annotations, Names, Stack } from 'aws-cdk-lib'
import { type IRole, Policy } from 'aws-cdk-lib/aws-iam'
import type { Construct } from 'constructs'
import type { FermataFunction } from './fermata-function.ts'
import { functionStatements, type Storage } from './function-policy.ts'
import type { ClusterBinding } from './kafka/cluster-binding.ts'
import { consumeStatements } from './kafka/msk.ts'
import { parseSource } from './kafka/source.ts'
import { invokeStatement } from './orchestrator-policy.ts'
import {
  deleteVersionsStatement,
  type RegisterOptions,
  Registration,
  type Registry,
  type SubscribeProps,
  Subscription,
} from './registration.ts'
import { type Suppression, suppress } from './suppress.ts'
import { ValidationError } from './validation-error.ts'

/** What registering and subscribing need to know of an orchestrator. */
export type Site = Registry & {
  readonly orchestrator: Construct
  readonly taskRole: IRole
  readonly storage: Storage
  readonly kafka: Readonly<Record<string, Pick<ClusterBinding, 'iamClusterArn'>>>
}

const olderVersions: Suppression = {
  id: 'AwsSolutions-IAM5',
  appliesTo: [{ regex: '/^Resource::.+:\\*$/' }],
  reason: 'Older versions stay in use: what was begun on them ends on them',
}
/** Of buckets: each value has a name of its own. */
export const allObjects: Suppression = {
  id: 'AwsSolutions-IAM5',
  appliesTo: [{ regex: '/^Resource::.+/.*\\*$/' }],
  reason: 'Values are stored under names that are not known before',
}

/** With the roles of both sides, which the registration waits for: discovery invokes the function. */
export function registerFunction(
  fn: FermataFunction,
  options: RegisterOptions,
  site: Site,
): Registration {
  const { id } = site.orchestrator.node
  const registration = new Registration(fn, `${id}Registration`, { ...site, ...options, fn })
  const invoke = new Policy(fn, `${id}Invoke`, {
    statements: [invokeStatement(fn)],
    roles: [site.taskRole],
  })
  const versions = new Policy(fn, `${id}Versions`, {
    statements: [deleteVersionsStatement(fn)],
    roles: [roleOf(site.registrar, 'registrar')],
  })
  const journals = new Policy(fn, `${id}Journals`, {
    statements: functionStatements(site.storage, fn.services),
    roles: [roleOf(fn, 'function')],
  })
  for (const policy of [invoke, versions]) suppress(policy, olderVersions)
  if (site.storage.blobs !== undefined) suppress(journals, allObjects)
  registration.resource.node.addDependency(invoke, versions, journals)
  return registration
}

function roleOf({ role }: { readonly role?: IRole }, what: string): IRole {
  if (role === undefined) throw new ValidationError(`The ${what} has no role`)
  return role
}

/** In the stack of the registration, where there is one: it goes before what it delivers to. */
export function subscribeTopic(
  name: string,
  props: SubscribeProps,
  { registration, site }: { readonly registration: Registration | undefined; readonly site: Site },
): Subscription {
  const { topic, binding } = bindingOf(name, props.source, site)
  const { scope, id } = placeOf(name, registration, site.orchestrator)
  const byRole = binding.iamClusterArn !== undefined
  const subscription = new Subscription(scope, id, { ...site, ...props, name, byRole })
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
      roles: [site.taskRole],
    })
    subscription.resource.node.addDependency(policy)
  }
  return subscription
}

function bindingOf(name: string, source: string, { kafka }: Site) {
  const { cluster, topic } = parseSource(source)
  const binding = kafka[cluster]
  if (binding !== undefined) return { topic, binding }
  const known = Object.keys(kafka).join(', ') || 'none'
  throw new ValidationError(
    `The orchestrator has no Kafka cluster "${cluster}" (it has ${known}): add it to \`kafka\`, or correct the source of "${name}"`,
  )
}

/**
 * Where it stays when its sink moves to another function: under another id CloudFormation would make a second one of the
 * same name, and then remove the name.
 */
function placeOf(
  name: string,
  registration: Registration | undefined,
  orchestrator: Construct,
): { scope: Construct; id: string } {
  const stack = Stack.of(registration ?? orchestrator)
  const id = `Subscription-${name}`
  if (stack === Stack.of(orchestrator)) return { scope: orchestrator, id }
  return { scope: stack, id: `${Names.nodeUniqueId(orchestrator.node)}${id}` }
}
