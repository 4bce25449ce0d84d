import { fileURLToPath } from 'node:url'
import {
  FermataFunction,
  type FermataFunctionProps,
  KafkaCluster,
  Orchestrator,
  type OrchestratorProps,
} from '@fermata/cdk'
import { App, Stack } from 'aws-cdk-lib'
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions'
import { type IVpc, Vpc } from 'aws-cdk-lib/aws-ec2'
import { ContainerImage } from 'aws-cdk-lib/aws-ecs'
import { expect } from 'vitest'
import './temporary.ts'

const entry = fileURLToPath(
  new URL('../../../examples/orders/functions/inventory.ts', import.meta.url),
)

export type Scene = {
  readonly app: App
  readonly stack: Stack
  readonly vpc: IVpc
  readonly fermata: Orchestrator
}

/** An orchestrator in a stack of its own, or beside another one. Nothing is bundled, no network is asked. */
export function scene(
  props: Partial<OrchestratorProps> = {},
  { stack = newStack(), id = 'Fermata' }: { readonly stack?: Stack; readonly id?: string } = {},
): Scene {
  const vpc =
    props.vpc ?? new Vpc(stack, `Vpc${id.replace('Fermata', '')}`, { maxAzs: 2, natGateways: 1 })
  const fermata = new Orchestrator(stack, id, {
    vpc,
    image: ContainerImage.fromRegistry('fermata'),
    kafka: { main: KafkaCluster.brokers(['b1:9092']) },
    ...props,
  })
  return { app: stack.node.root as App, stack, vpc, fermata }
}

export function newStack(): Stack {
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } })
  return new Stack(app, 'Test', { env: { account: '123456789012', region: 'eu-west-1' } })
}

type Container = {
  readonly Environment: readonly { readonly Name: string; readonly Value: unknown }[]
  readonly Secrets?: readonly { readonly Name: string; readonly ValueFrom: unknown }[]
}

/** Of the first task of a stack. */
export function containerOf(stack: Stack): Container {
  const [task] = propertiesOf(stack, 'AWS::ECS::TaskDefinition')
  return (task as { ContainerDefinitions: [Container] }).ContainerDefinitions[0]
}

/** What the task would find in its environment. */
export function environmentOf(stack: Stack): Record<string, string> {
  return Object.fromEntries(
    containerOf(stack).Environment.map(({ Name, Value }) => [Name, textOf(Value)]),
  )
}

/** A template's text with something in place of what is known at deployment only. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  const join = (value as { 'Fn::Join'?: [string, unknown[]] })['Fn::Join']
  return join === undefined ? 'unknown' : join[1].map(textOf).join(join[0])
}

export function functionIn(
  stack: Stack,
  id = 'Shop',
  props: Partial<FermataFunctionProps> = {},
): FermataFunction {
  return new FermataFunction(stack, id, { entry, services: ['shop'], ...props })
}

/** The properties of all resources of a type. */
export function propertiesOf(stack: Stack, type: string): Record<string, unknown>[] {
  return Object.values(Template.fromStack(stack).findResources(type)).map(
    ({ Properties }) => Properties,
  )
}

/** Ids of the warnings. */
export function warningsOf(stack: Stack): string[] {
  return Annotations.fromStack(stack)
    .findWarning('*', Match.anyValue())
    .map(({ entry: { data } }) => /@fermata\/cdk:(\w+)/.exec(String(data))?.[1] ?? '')
    .filter((id) => id !== '')
}

/** Assertions of the CDK that vitest counts. */
export function checks(
  stack: Stack,
): Pick<Template, 'hasResource' | 'hasResourceProperties' | 'resourceCountIs'> {
  const template = Template.fromStack(stack)
  const counted = (check: () => void) => expect(check).not.toThrow()
  return {
    hasResource: (type, props) => counted(() => template.hasResource(type, props)),
    hasResourceProperties: (type, props) =>
      counted(() => template.hasResourceProperties(type, props)),
    resourceCountIs: (type, count) => counted(() => template.resourceCountIs(type, count)),
  }
}
