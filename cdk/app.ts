/**
 * The orders example in your account: `npx cdk deploy -c brokers=b1:9092,b2:9092 -c outsideUrl=https://…`.
 * docs/deploying.md tells what it costs and how it is taken away again.
 */
import { App, RemovalPolicy } from 'aws-cdk-lib'
import { OrdersStack } from './orders-stack.ts'

const app = new App()
const context = (name: string): string | undefined => app.node.tryGetContext(name) ?? undefined

new OrdersStack(app, 'FermataOrders', {
  description: 'Fermata with the orders example',
  brokers: context('brokers')?.split(',') ?? [],
  outsideUrl: context('outsideUrl') ?? 'http://localhost:8200',
  force: context('force') === 'true',
  // An example leaves nothing behind. Leave this out where invocations matter.
  orchestrator: { removalPolicy: RemovalPolicy.DESTROY },
})
app.synth()
