/** The app as a whole: what changes of it is seen, and what AWS's rules for solutions say of it. */
import { readFileSync } from 'node:fs'
import { App, Aspects } from 'aws-cdk-lib'
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions'
import { ContainerImage } from 'aws-cdk-lib/aws-ecs'
import { AwsSolutionsChecks } from 'cdk-nag'
import { describe, expect, it } from 'vitest'
import { OrdersStack } from '../../cdk/orders-stack.ts'

function ordersStack(): OrdersStack {
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } })
  return new OrdersStack(app, 'Orders', {
    env: { account: '123456789012', region: 'eu-west-1' },
    brokers: ['b1:9092'],
    outsideUrl: 'https://outside.example',
    orchestrator: { image: ContainerImage.fromRegistry('fermata') },
  })
}

describe('the orders stack', () => {
  it('is what it was', async () => {
    const text = JSON.stringify(Template.fromStack(ordersStack()).toJSON(), undefined, 2)
    // What depends on the code of functions, and so on every change of the library.
    const stable = text
      .replaceAll(/[0-9a-f]{64}/g, '<asset>')
      .replaceAll(/(CurrentVersion[0-9A-F]{8})[0-9a-f]{32}/g, '$1<code>')
    await expect(`${stable}\n`).toMatchFileSnapshot('snapshots/orders.template.snap')
  })

  it('keeps the rules for AWS solutions, but for those that are suppressed with a reason', () => {
    const stack = ordersStack()
    Aspects.of(stack).add(new AwsSolutionsChecks())
    const found = (kind: 'findError' | 'findWarning') =>
      Annotations.fromStack(stack)
        [kind]('*', Match.stringLikeRegexp('AwsSolutions-'))
        .map(({ id, entry }) => `${id}: ${String(entry.data).split(' ')[0]}`)
    expect([...found('findError'), ...found('findWarning')]).toEqual([])
  })
})

describe('the guide to deploying', () => {
  it('shows code that compiles', () => {
    const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
    // It is compiled with the tests beside it: the types of the CDK are not as strict as the rest of ours.
    expect(read('../../docs/deploying.md')).toContain(read('fixtures/guide.ts'))
  })
})
