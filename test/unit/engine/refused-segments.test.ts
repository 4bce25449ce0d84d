import { ProtocolError, type Segment } from '@fermata/lambda-runtime/protocol'
import { expect, it } from 'vitest'
import { completed, createWorld, scripted, until, type World } from './world.ts'

const address = 'arn:aws:lambda:eu-west-1:000000000000:function:f:1'

/** The table takes no segment with an entry of this kind and value. */
function refuse(world: World, isTooLarge: (segment: Segment) => boolean): void {
  const { journals } = world.stores
  const append = journals.append.bind(journals)
  Object.assign(journals, {
    append: (...[id, segment, expires]: Parameters<typeof append>) =>
      isTooLarge(segment)
        ? Promise.reject(new ProtocolError('segment-too-large', 'it takes too many bytes'))
        : append(id, segment, expires),
  })
}

it('an output that no segment can hold pauses the invocation at once, and holds up no other', async () => {
  const world = createWorld()
  world.functions.set(
    address,
    scripted({
      orders: () => ({ status: completed('enormous') }),
      stock: () => ({ status: completed('small') }),
    }),
  )
  refuse(world, ({ entries }) => JSON.stringify(entries).includes('enormous'))
  const replica = await world.start()
  const { ingress, admin } = replica.engine
  const submit = (service: string) =>
    ingress.submit({
      target: { service, handler: 'process' },
      input: { json: 1 },
      headers: {},
      idempotencyKey: service,
      delayMs: undefined,
    })
  const submitted = Promise.all([submit('orders'), submit('stock')])
  await world.clock.advance(1_000)
  const [orders, stock] = await submitted

  await until(world.clock, async () => {
    const view = await admin.invocation(orders.invocationId)
    return view.status === 'paused'
  })
  expect(await admin.invocation(orders.invocationId)).toMatchObject({
    attempts: 1,
    failure: { code: 'segment-too-large' },
  })
  expect((await admin.invocation(stock.invocationId)).status).toBe('completed')
})
