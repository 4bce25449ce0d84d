/**
 * The orders example in your account: `npx cdk deploy -c brokers=b1:9092,b2:9092 -c outsideUrl=https://…`.
 * docs/deploying.md tells what it costs and how it is taken away again.
 */
import { Annotations, App, RemovalPolicy } from 'aws-cdk-lib'
import { OrdersStack } from './orders-stack.ts'

const app = new App()
const context = (name: string): string | undefined => app.node.tryGetContext(name) ?? undefined

const stack = new OrdersStack(app, 'FermataOrders', {
  description: 'Fermata with the orders example',
  brokers: context('brokers')?.split(',') ?? [],
  outsideUrl: context('outsideUrl') ?? 'http://localhost:8200',
  force: context('force') === 'true',
  // An example leaves nothing behind. Leave this out where invocations matter.
  orchestrator: { removalPolicy: RemovalPolicy.DESTROY },
})
if (context('brokers') === undefined || context('outsideUrl') === undefined) {
  Annotations.of(stack).addWarningV2(
    'fermata:ordersGoNowhere',
    'Without -c brokers=… nothing is consumed, and without -c outsideUrl=… no order gets through its first step.',
  )
}
app.synth()
