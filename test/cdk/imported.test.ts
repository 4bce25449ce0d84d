/** An orchestrator that another app has deployed. */
import { Orchestrator, type OrchestratorAttributes } from '@fermata/cdk'
import type { Stack } from 'aws-cdk-lib'
import { Match } from 'aws-cdk-lib/assertions'
import { TableV2 } from 'aws-cdk-lib/aws-dynamodb'
import { Role } from 'aws-cdk-lib/aws-iam'
import { Key } from 'aws-cdk-lib/aws-kms'
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { describe, expect, it } from 'vitest'
import { checks, functionIn, newStack, propertiesOf } from './support/synthesis.ts'

const arn = (service: string, rest: string) => `arn:aws:${service}:eu-west-1:123456789012:${rest}`
const keyArn = arn('kms', 'key/11111111-1111-1111-1111-111111111111')
const clusterArn = arn('kafka', 'cluster/main/abc-1')
const registrarArn = arn('lambda', 'function:registrar')

function imported(stack: Stack, more: Partial<OrchestratorAttributes> = {}) {
  const role = (name: string) =>
    Role.fromRoleArn(stack, `Role-${name}`, `arn:aws:iam::123456789012:role/${name}`)
  return Orchestrator.fromOrchestratorAttributes(stack, 'Fermata', {
    table: TableV2.fromTableName(stack, 'Table', 'fermata'),
    adminUrl: 'http://admin.fermata.internal:9070',
    taskRole: role('task'),
    registrar: LambdaFunction.fromFunctionAttributes(stack, 'Registrar', {
      functionArn: registrarArn,
      role: role('registrar'),
    }),
    encryptionKey: Key.fromKeyArn(stack, 'Key', keyArn),
    kafka: { main: { iamClusterArn: clusterArn } },
    ...more,
  })
}

/** What a role is let do by the stack. */
function actionsOf(stack: Stack, role: unknown): string[] {
  return propertiesOf(stack, 'AWS::IAM::Policy')
    .filter(({ Roles }) => JSON.stringify(Roles) === JSON.stringify([role]))
    .flatMap(({ PolicyDocument }) =>
      (PolicyDocument as { Statement: { Action: string | string[] }[] }).Statement.flatMap(
        ({ Action }) => Action,
      ),
    )
}

describe('an orchestrator of another app', () => {
  it('has functions registered with it, and topics subscribed', () => {
    const stack = newStack()
    const fermata = imported(stack)
    fermata.register(functionIn(stack))
    fermata.subscribe('orders', { source: 'kafka://main/orders', sink: 'shop/buy' })
    const common = { ServiceToken: registrarArn, AdminUrl: 'http://admin.fermata.internal:9070' }
    const template = checks(stack)
    template.hasResourceProperties('Custom::FermataDeployment', { ...common, Services: ['shop'] })
    template.hasResource('Custom::FermataSubscription', {
      DependsOn: Match.arrayWith([Match.stringLikeRegexp('^ShopFermataRegistration')]),
      Properties: Match.objectLike({ ...common, Name: 'orders', Sink: 'shop/buy' }),
    })
    template.resourceCountIs('AWS::ECS::Service', 0)
    template.resourceCountIs('AWS::DynamoDB::GlobalTable', 0)
  })

  it('and those who work with it are let do what they need', () => {
    const stack = newStack()
    const fermata = imported(stack)
    fermata.register(functionIn(stack))
    fermata.subscribe('orders', { source: 'kafka://main/orders', sink: 'shop/buy' })
    expect(actionsOf(stack, 'task').toSorted()).toEqual([
      'kafka-cluster:AlterGroup',
      'kafka-cluster:DescribeGroup',
      'kafka-cluster:DescribeTopic',
      'kafka-cluster:ReadData',
      'lambda:InvokeFunction',
    ])
    expect(actionsOf(stack, 'registrar')).toEqual(['lambda:DeleteFunction'])
    const [role] = propertiesOf(stack, 'AWS::Lambda::Function').map(({ Role }) => Role)
    const [id] = (role as { 'Fn::GetAtt': string[] })['Fn::GetAtt']
    const own = actionsOf(stack, { Ref: id })
    expect(own).toContain('dynamodb:PutItem')
    expect(own).toContain('kms:Decrypt')
  })

  it('has metrics, and knows its clusters', () => {
    const stack = newStack()
    const fermata = imported(stack)
    expect(fermata.metricLag().dimensions).toEqual({ Table: 'fermata' })
    expect(() =>
      fermata.subscribe('orders', { source: 'kafka://other/orders', sink: 'shop/buy' }),
    ).toThrow(/no Kafka cluster "other" \(it has main\)/)
  })
})
