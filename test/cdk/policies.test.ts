/**
 * What roles may do, and what they may not: judged by a library that knows conditions, and by the emulator's simulation of
 * the role as it stands there. That one takes no context of a request, so it is asked where no condition matters.
 */
import { KafkaCluster, MskAuth } from '@fermata/cdk'
import { Stack } from 'aws-cdk-lib'
import { Key } from 'aws-cdk-lib/aws-kms'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningMinistack, startMinistack } from '../support/real-parts/ministack.ts'
import { requirePart } from '../support/real-parts/require-part.ts'
import { roleIn, simulate } from './support/emulated-roles.ts'
import {
  decide,
  functionArn,
  type Policies,
  policiesOf,
  type Question,
  tableArn,
} from './support/permissions.ts'
import { functionIn, scene } from './support/synthesis.ts'

const clusterArn = 'arn:aws:kafka:eu-west-1:123456789012:cluster/main/abc-1'
const inCluster = (kind: string, name: string) =>
  `${clusterArn.replace(':cluster/', `:${kind}/`)}/${name}`
const keyArn = (id: string) => `arn:aws:kms:eu-west-1:123456789012:key/${id}`
const tableKey = keyArn('11111111-1111-1111-1111-111111111111')
const bucketKey = keyArn('22222222-2222-2222-2222-222222222222')
const object = (name: string) => `arn:aws:s3:::payloads/${name}`

/** Two functions with one orchestrator, which has all that widens a role. */
function policiesOfScene(): Policies {
  const elsewhere = new Stack()
  const bucket = Bucket.fromBucketAttributes(elsewhere, 'Bucket', {
    bucketArn: 'arn:aws:s3:::payloads',
    encryptionKey: Key.fromKeyArn(elsewhere, 'BucketKey', bucketKey),
    region: 'eu-west-1',
  })
  const { stack, fermata } = scene({
    blobs: { bucket, prefix: 'fermata/' },
    encryptionKey: Key.fromKeyArn(elsewhere, 'TableKey', tableKey),
    kafka: { main: KafkaCluster.msk({ clusterArn }, MskAuth.iam()) },
  })
  fermata.register(functionIn(stack, 'Shop', { services: ['shop'] }))
  fermata.register(functionIn(stack, 'Mail', { services: ['mail', 'shop-news'] }))
  fermata.subscribe('orders', { source: 'kafka://main/orders', sink: 'shop/buy' })
  return policiesOf(stack)
}

type Case = Question & { readonly what: string }

const keys = (...leading: string[]) => ({ context: { 'dynamodb:LeadingKeys': leading } })
const via = (service: string) => ({
  context: { 'kms:ViaService': `${service}.eu-west-1.amazonaws.com` },
})
const journal = (service: string) => `J#${service}#inv`
const onTable = (action: string) => ({ action: `dynamodb:${action}`, resource: tableArn })
const cases = (role: string, list: readonly Omit<Case, 'role'>[]): Case[] =>
  list.map((one) => ({ role, ...one }))

const allowed: Case[] = [
  ...cases('ShopRole', [
    { what: 'append to its journals', ...onTable('PutItem'), ...keys(journal('shop')) },
    { what: 'read its journals', ...onTable('Query'), ...keys(journal('shop')) },
    {
      what: 'store values of its own',
      action: 's3:PutObject',
      resource: object('fermata/journal/shop/x'),
    },
    {
      what: 'read values of others',
      action: 's3:GetObject',
      resource: object('fermata/journal/mail/x'),
    },
    {
      what: 'use the key of the table through it',
      action: 'kms:Decrypt',
      resource: tableKey,
      ...via('dynamodb'),
    },
    {
      what: 'use the key of the bucket through it',
      action: 'kms:GenerateDataKey',
      resource: bucketKey,
      ...via('s3'),
    },
  ]),
  ...cases('MailRole', [
    { what: 'read large state of its objects', ...onTable('Query'), ...keys('O#mail#ada') },
    {
      what: 'use all services that it has',
      ...onTable('PutItem'),
      ...keys(journal('shop-news')),
    },
  ]),
  ...cases('FermataTaskRole', [
    {
      what: 'invoke a version of a registered function',
      action: 'lambda:InvokeFunction',
      resource: `${functionArn('Shop')}:7`,
    },
    { what: 'use its table', ...onTable('PartiQLInsert'), ...keys('A#1') },
    { what: 'store any value', action: 's3:PutObject', resource: object('fermata/in/x') },
    { what: 'connect to MSK', action: 'kafka-cluster:Connect', resource: clusterArn },
    {
      what: 'consume what is subscribed to',
      action: 'kafka-cluster:ReadData',
      resource: inCluster('topic', 'orders'),
    },
    {
      what: 'commit as its group',
      action: 'kafka-cluster:AlterGroup',
      resource: inCluster('group', 'fermata.orders'),
    },
  ]),
  ...cases('FermataRegistrarRole', [
    {
      what: 'delete a version',
      action: 'lambda:DeleteFunction',
      resource: `${functionArn('Shop')}:7`,
    },
  ]),
]

const denied: Case[] = [
  ...cases('ShopRole', [
    { what: 'append to journals of others', ...onTable('PutItem'), ...keys(journal('mail')) },
    { what: 'read journals of others', ...onTable('Query'), ...keys(journal('mail')) },
    {
      what: 'take a name that begins like its own',
      ...onTable('PutItem'),
      ...keys(journal('shop-news')),
    },
    {
      what: 'do two things in one request, one of them not its own',
      ...onTable('Query'),
      ...keys(journal('shop'), journal('mail')),
    },
    { what: 'ask without a key', ...onTable('Query'), context: {} },
    { what: 'delete from its journals', ...onTable('DeleteItem'), ...keys(journal('shop')) },
    { what: 'write state by itself', ...onTable('PutItem'), ...keys('O#shop#ada') },
    { what: 'touch the registry', ...onTable('PutItem'), ...keys('C#deployments') },
    { what: 'touch the agenda', ...onTable('Query'), ...keys('A#1') },
    { what: 'scan', ...onTable('Scan') },
    {
      what: 'use another table',
      action: 'dynamodb:PutItem',
      resource: `${tableArn}-2`,
      ...keys(journal('shop')),
    },
    {
      what: 'invoke functions',
      action: 'lambda:InvokeFunction',
      resource: `${functionArn('Mail')}:1`,
    },
    {
      what: 'store values of others',
      action: 's3:PutObject',
      resource: object('fermata/journal/mail/x'),
    },
    {
      what: 'read outside the prefix',
      action: 's3:GetObject',
      resource: object('other/x'),
    },
    {
      what: 'use the key of the table by itself',
      action: 'kms:Decrypt',
      resource: tableKey,
      context: {},
    },
    {
      what: 'use the key of the table through S3',
      action: 'kms:Decrypt',
      resource: tableKey,
      ...via('s3'),
    },
    {
      what: 'read Kafka',
      action: 'kafka-cluster:ReadData',
      resource: inCluster('topic', 'orders'),
    },
  ]),
  ...cases('FermataTaskRole', [
    {
      what: 'invoke code that may change',
      action: 'lambda:InvokeFunction',
      resource: functionArn('Shop'),
    },
    {
      what: 'invoke other functions',
      action: 'lambda:InvokeFunction',
      resource: `${functionArn('Other')}:1`,
    },
    {
      what: 'change functions',
      action: 'lambda:UpdateFunctionCode',
      resource: functionArn('Shop'),
    },
    { what: 'scan its table', ...onTable('Scan') },
    { what: 'delete its table', ...onTable('DeleteTable') },
    { what: 'use another table', action: 'dynamodb:GetItem', resource: `${tableArn}-2` },
    {
      what: 'consume other topics',
      action: 'kafka-cluster:ReadData',
      resource: inCluster('topic', 'payments'),
    },
    {
      what: 'write to a topic',
      action: 'kafka-cluster:WriteData',
      resource: inCluster('topic', 'orders'),
    },
    {
      what: 'use the key of the bucket by itself',
      action: 'kms:Decrypt',
      resource: bucketKey,
      context: {},
    },
  ]),
  ...cases('FermataRegistrarRole', [
    { what: 'delete the function', action: 'lambda:DeleteFunction', resource: functionArn('Shop') },
    { what: 'touch the table', ...onTable('PutItem'), ...keys('C#deployments') },
    {
      what: 'invoke functions',
      action: 'lambda:InvokeFunction',
      resource: `${functionArn('Shop')}:7`,
    },
  ]),
]

describe('the permissions, conditions included', () => {
  const policies = policiesOfScene()

  it.each(allowed)('let $role $what', async (question) => {
    expect(await decide(policies, question)).toBe('Allowed')
  })

  it.each(denied)('do not let $role $what', async (question) => {
    expect(await decide(policies, question)).toBe('ImplicitlyDenied')
  })

  it('let Lambda make network interfaces for a function, and the code none', async () => {
    const question = {
      role: 'FermataRegistrarRole',
      action: 'ec2:CreateNetworkInterface',
      resource: 'arn:aws:ec2:eu-west-1:123456789012:network-interface/*',
    }
    expect(await decide(policies, question)).toBe('Allowed')
    const context = { 'lambda:SourceFunctionArn': functionArn('FermataRegistrarFunction') }
    expect(await decide(policies, { ...question, context })).toBe('ImplicitlyDenied')
  })
})

requirePart('ministack')('the permissions of roles in the emulator', () => {
  let cloud: RunningMinistack
  beforeAll(async () => {
    cloud = await startMinistack()
    for (const [name, documents] of Object.entries(policiesOfScene())) {
      await roleIn(cloud.endpoint, name, documents)
    }
  })
  afterAll(() => cloud?.stop())

  const withoutCondition = ({ context }: Case) => context === undefined

  it.each(allowed.filter(withoutCondition))('let $role $what', async (question) => {
    expect(await simulate(cloud.endpoint, question)).toBe('allowed')
  })

  it.each(denied.filter(withoutCondition))('do not let $role $what', async (question) => {
    expect(await simulate(cloud.endpoint, question)).toBe('implicitDeny')
  })
})

describe('statements', () => {
  const statements = Object.entries(policiesOfScene()).flatMap(([role, documents]) =>
    documents.flatMap(({ Statement }) => Statement.map((one) => ({ role, ...one }))),
  )

  it('name their resources: a bare star stands only where AWS knows no resource', () => {
    const stars = statements
      .filter(({ Resource }) => [Resource].flat().includes('*'))
      .map(({ role, Action }) => `${role}: ${[Action].flat().join()}`)
    expect(stars).toEqual([
      // Lambda makes interfaces in the VPC with the role of the function.
      expect.stringMatching(/^FermataRegistrarRole: (ec2:\w+,?)+$/),
    ])
  })

  it('name their actions: none has a star', () => {
    const actions = statements.flatMap(({ Action }) => [Action].flat())
    expect(actions.length).toBeGreaterThan(20)
    expect(actions.filter((action) => action.includes('*'))).toEqual([])
  })
})
