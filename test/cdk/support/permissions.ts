/** What the roles of a stack may do, as IAM would decide it. */
import { runSimulation } from '@cloud-copilot/iam-simulate'
import type { Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'

export type Question = {
  /** The beginning of its logical id. */
  readonly role: string
  readonly action: string
  readonly resource: string
  /** Of the request: `dynamodb:LeadingKeys`, `kms:ViaService`. */
  readonly context?: Readonly<Record<string, string | string[]>>
}

type Statement = {
  readonly Effect: string
  readonly Action: string | readonly string[]
  readonly Resource: string | readonly string[]
}
type PolicyDocument = { readonly Version: string; readonly Statement: readonly Statement[] }
/** By role. */
export type Policies = Readonly<Record<string, readonly PolicyDocument[]>>

const account = '123456789012'
const prefix = `eu-west-1:${account}`
export const tableArn = `arn:aws:dynamodb:${prefix}:table/fermata`
export const functionArn = (name: string): string => `arn:aws:lambda:${prefix}:function:${name}`
export const roleArn = (name: string): string => `arn:aws:iam::${account}:role/${name}`

const withoutHash = (logicalId: string) => logicalId.replace(/[0-9A-F]{8}$/, '')

/** Of all roles in a stack, with ARNs in place of what CloudFormation would fill in. */
export function policiesOf(stack: Stack): Policies {
  const policies: Record<string, PolicyDocument[]> = {}
  const found = Template.fromStack(stack).findResources('AWS::IAM::Policy')
  for (const { Properties } of Object.values(found)) {
    for (const { Ref } of Properties.Roles as { Ref: string }[]) {
      const role = withoutHash(Ref)
      policies[role] = [
        ...(policies[role] ?? []),
        resolve(Properties.PolicyDocument) as PolicyDocument,
      ]
    }
  }
  return policies
}

function resolve(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(resolve)
  if (typeof value !== 'object' || value === null) return value
  const { 'Fn::GetAtt': attribute, 'Fn::Join': join, Ref } = value as Record<string, never>
  if (attribute !== undefined) return arnOf(withoutHash(attribute[0]))
  if (join !== undefined) {
    const [separator, parts] = join as [string, unknown[]]
    return parts.map(resolve).join(separator)
  }
  if (Ref !== undefined) return Ref === 'AWS::Partition' ? 'aws' : Ref
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, resolve(one)]))
}

function arnOf(name: string): string {
  if (name === 'FermataTable') return tableArn
  if (name.endsWith('Logs')) return `arn:aws:logs:${prefix}:log-group:${name}:*`
  return functionArn(name)
}

/** The policy that a key has where nobody says another: it leaves it to the roles of its account. */
const accountDecides = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${account}:root` },
      Action: 'kms:*',
      Resource: '*',
    },
  ],
}

export type Verdict = 'Allowed' | 'ImplicitlyDenied' | 'ExplicitlyDenied'

/**
 * Conditions included. It checks what it is given, too: actions that there are not, resources and context that an action
 * does not know are errors.
 */
export async function decide(policies: Policies, question: Question): Promise<Verdict> {
  const { role, action, resource, context = {} } = question
  const answer = await runSimulation(
    {
      request: {
        principal: roleArn(role),
        action,
        resource: { resource, accountId: account },
        contextVariables: { ...context },
      },
      identityPolicies: (policies[role] ?? []).map((policy, index) => ({
        name: `${index}`,
        policy,
      })),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      ...(action.startsWith('kms:') ? { resourcePolicy: accountDecides } : {}),
    },
    {},
  )
  if (answer.resultType === 'error') throw new Error(JSON.stringify(answer.errors))
  return answer.overallResult as Verdict
}
