/**
 * What roles may do, and what they may not. Actions and resources are judged by the emulator's policy simulation, which
 * takes no context of a request; conditions are evaluated here.
 */

import { Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningMinistack, startMinistack } from '../support/real-parts/ministack.ts'
import { requirePart } from '../support/real-parts/require-part.ts'
import { send } from './support/aws.ts'
import { type RequestContext, underContext } from './support/conditions.ts'
import { functionIn, scene } from './support/synthesis.ts'

type Question = {
  readonly action: string
  readonly resource: string
  /** Partition keys that the request names. */
  readonly keys?: readonly string[]
}

type Policies = Readonly<Record<string, readonly string[]>>

/** Two functions with one orchestrator. Each role by the beginning of its logical id, with its policy documents. */
function policiesOfScene(): Policies {
  const bucket = Bucket.fromBucketName(new Stack(), 'Bucket', 'payloads')
  const { stack, fermata } = scene({ blobs: { bucket, prefix: 'fermata/' } })
  fermata.register(functionIn(stack, 'Shop', { services: ['shop'] }))
  fermata.register(functionIn(stack, 'Mail', { services: ['mail', 'shop-news'] }))
  const roles: Record<string, string[]> = {}
  for (const { Properties } of Object.values(
    Template.fromStack(stack).findResources('AWS::IAM::Policy'),
  )) {
    const document = JSON.stringify(resolve(Properties.PolicyDocument))
    for (const { Ref } of Properties.Roles as { Ref: string }[]) {
      roles[Ref.replace(/[0-9A-F]{8}$/, '')] = [
        ...(roles[Ref.replace(/[0-9A-F]{8}$/, '')] ?? []),
        document,
      ]
    }
  }
  return roles
}

const prefix = 'eu-west-1:123456789012'
const table = `arn:aws:dynamodb:${prefix}:table/fermata`
const functionArn = (name: string) => `arn:aws:lambda:${prefix}:function:${name}`

/** ARNs in place of what CloudFormation would fill in. */
function resolve(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(resolve)
  if (typeof value !== 'object' || value === null) return value
  const { 'Fn::GetAtt': attribute, 'Fn::Join': join, Ref } = value as Record<string, never>
  if (attribute !== undefined) return arnOf(String(attribute[0]))
  if (join !== undefined) {
    const [separator, parts] = join as [string, unknown[]]
    return parts.map(resolve).join(separator)
  }
  if (Ref !== undefined) return Ref === 'AWS::Partition' ? 'aws' : Ref
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, resolve(one)]))
}

function arnOf(logicalId: string): string {
  const name = logicalId.replace(/[0-9A-F]{8}$/, '')
  return name === 'FermataTable' ? table : functionArn(name)
}

requirePart('ministack')('the permissions', () => {
  let cloud: RunningMinistack
  let policies: Policies

  beforeAll(async () => {
    cloud = await startMinistack()
    policies = policiesOfScene()
  })
  afterAll(() => cloud?.stop())

  async function decide(role: string, question: Question): Promise<string> {
    const form = new URLSearchParams({
      Action: 'SimulateCustomPolicy',
      Version: '2010-05-08',
      'ActionNames.member.1': question.action,
      'ResourceArns.member.1': question.resource,
    })
    const context: RequestContext =
      question.keys === undefined ? {} : { 'dynamodb:LeadingKeys': question.keys }
    for (const [index, document] of (policies[role] ?? []).entries()) {
      const held = underContext(JSON.parse(document), context)
      form.set(`PolicyInputList.member.${index + 1}`, JSON.stringify(held))
    }
    const answer = await send(cloud.endpoint, {
      service: 'iam',
      method: 'POST',
      path: '/',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
    })
    return /<EvalDecision>(\w+)<\/EvalDecision>/.exec(answer)?.[1] ?? answer
  }

  const journal = (service: string) => `J#${service}#inv`

  it.each<[string, string, Question]>([
    [
      'append to its journals',
      'ShopRole',
      { action: 'dynamodb:PutItem', resource: table, keys: [journal('shop')] },
    ],
    [
      'read its journals',
      'ShopRole',
      { action: 'dynamodb:Query', resource: table, keys: [journal('shop')] },
    ],
    [
      'read large state of its objects',
      'MailRole',
      { action: 'dynamodb:Query', resource: table, keys: ['O#mail#ada'] },
    ],
    [
      'use all services that it has',
      'MailRole',
      { action: 'dynamodb:PutItem', resource: table, keys: [journal('shop-news')] },
    ],
    [
      'store values of its own',
      'ShopRole',
      { action: 's3:PutObject', resource: 'arn:aws:s3:::payloads/fermata/journal/shop/x' },
    ],
    [
      'read values of others',
      'ShopRole',
      { action: 's3:GetObject', resource: 'arn:aws:s3:::payloads/fermata/journal/mail/x' },
    ],
  ])('let a function %s', async (_what, role, question) => {
    expect(await decide(role, question)).toBe('allowed')
  })

  it.each<[string, string, Question]>([
    [
      'append to journals of others',
      'ShopRole',
      { action: 'dynamodb:PutItem', resource: table, keys: [journal('mail')] },
    ],
    [
      'read journals of others',
      'ShopRole',
      { action: 'dynamodb:Query', resource: table, keys: [journal('mail')] },
    ],
    [
      'take a name that begins like its own',
      'ShopRole',
      { action: 'dynamodb:PutItem', resource: table, keys: [journal('shop-news')] },
    ],
    [
      'do two things in one request, one of them not its own',
      'ShopRole',
      { action: 'dynamodb:Query', resource: table, keys: [journal('shop'), journal('mail')] },
    ],
    ['ask without a key', 'ShopRole', { action: 'dynamodb:Query', resource: table }],
    [
      'delete from its journals',
      'ShopRole',
      { action: 'dynamodb:DeleteItem', resource: table, keys: [journal('shop')] },
    ],
    [
      'write state by itself',
      'ShopRole',
      { action: 'dynamodb:PutItem', resource: table, keys: ['O#shop#ada'] },
    ],
    [
      'touch the registry',
      'ShopRole',
      { action: 'dynamodb:PutItem', resource: table, keys: ['C#deployments'] },
    ],
    ['touch the agenda', 'ShopRole', { action: 'dynamodb:Query', resource: table, keys: ['A#1'] }],
    ['scan', 'ShopRole', { action: 'dynamodb:Scan', resource: table }],
    [
      'use another table',
      'ShopRole',
      { action: 'dynamodb:PutItem', resource: `${table}-2`, keys: [journal('shop')] },
    ],
    [
      'invoke functions',
      'ShopRole',
      { action: 'lambda:InvokeFunction', resource: `${functionArn('Mail')}:1` },
    ],
    [
      'store values of others',
      'ShopRole',
      { action: 's3:PutObject', resource: 'arn:aws:s3:::payloads/fermata/journal/mail/x' },
    ],
  ])('do not let a function %s', async (_what, role, question) => {
    expect(await decide(role, question)).toBe('implicitDeny')
  })

  it.each<[string, 'allowed' | 'implicitDeny', string, Question]>([
    [
      'invoke a version of a registered function',
      'allowed',
      'FermataTaskRole',
      { action: 'lambda:InvokeFunction', resource: `${functionArn('Shop')}:7` },
    ],
    [
      'invoke code that may change',
      'implicitDeny',
      'FermataTaskRole',
      { action: 'lambda:InvokeFunction', resource: functionArn('Shop') },
    ],
    [
      'invoke other functions',
      'implicitDeny',
      'FermataTaskRole',
      { action: 'lambda:InvokeFunction', resource: `${functionArn('Other')}:1` },
    ],
    [
      'change functions',
      'implicitDeny',
      'FermataTaskRole',
      { action: 'lambda:UpdateFunctionCode', resource: functionArn('Shop') },
    ],
    [
      'use its table',
      'allowed',
      'FermataTaskRole',
      { action: 'dynamodb:PartiQLInsert', resource: table, keys: ['A#1'] },
    ],
    [
      'scan its table',
      'implicitDeny',
      'FermataTaskRole',
      { action: 'dynamodb:Scan', resource: table },
    ],
    [
      'delete its table',
      'implicitDeny',
      'FermataTaskRole',
      { action: 'dynamodb:DeleteTable', resource: table },
    ],
    [
      'use another table',
      'implicitDeny',
      'FermataTaskRole',
      { action: 'dynamodb:GetItem', resource: `${table}-2` },
    ],
  ])('of the orchestrator: to %s is %s', async (_what, verdict, role, question) => {
    expect(await decide(role, question)).toBe(verdict)
  })

  it.each<[string, 'allowed' | 'implicitDeny', Question]>([
    [
      'delete a version',
      'allowed',
      { action: 'lambda:DeleteFunction', resource: `${functionArn('Shop')}:7` },
    ],
    [
      'delete the function',
      'implicitDeny',
      { action: 'lambda:DeleteFunction', resource: functionArn('Shop') },
    ],
    [
      'touch the table',
      'implicitDeny',
      { action: 'dynamodb:PutItem', resource: table, keys: ['C#deployments'] },
    ],
  ])('of the registrar: to %s is %s', async (_what, verdict, question) => {
    expect(await decide('FermataRegistrarRole', question)).toBe(verdict)
  })
})

describe('statements', () => {
  it('name their resources: a bare star stands only where AWS knows no resource', () => {
    const stars = Object.entries(policiesOfScene()).flatMap(([role, documents]) =>
      documents.flatMap((text) => {
        const { Statement } = JSON.parse(text) as {
          Statement: { Action: string | string[]; Resource: string | string[] }[]
        }
        return Statement.filter(({ Resource }) => [Resource].flat().includes('*')).map(
          ({ Action }) => `${role}: ${[Action].flat().join()}`,
        )
      }),
    )
    // Lambda asks for these of all interfaces.
    expect(stars).toEqual([expect.stringMatching(/^FermataRegistrarRole: (ec2:\w+,?)+$/)])
  })
})
