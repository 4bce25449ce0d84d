import { parseAwakeableId } from '@fermata/lambda-runtime/protocol'
import { checkout } from '../../../examples/orders/services/checkout.ts'
import { inventory } from '../../../examples/orders/services/inventory.ts'
import { reviews } from '../../../examples/orders/services/reviews.ts'
import type { Story } from './story.ts'

const order = {
  id: 'o-1',
  customer: { name: 'Ada', email: 'ada@example.org' },
  items: [{ sku: 'engine', quantity: 1, price: 150_000 }],
  card: '4242',
}

/** A large order: paid, reserved, approved by a person, confirmed. */
export const orders: Story = {
  name: 'orders: a large one is approved',
  functions: { orders: [checkout, reviews], inventory: [inventory] },
  outside: ({ path }) => {
    if (path === '/payments/charges') return { json: { paymentId: 'p-1' } }
    if (path === '/warehouse/reservations') return { json: { reservationId: 'r-1' } }
    return { json: {} }
  },
  async play(stage) {
    const id = await stage.submit({ service: 'checkout', handler: 'process' }, order, 'o-1')
    const { body } = await stage.effect(({ body }) => isApproval(body))
    const { approval } = body as { readonly approval: string }
    parseAwakeableId(approval)
    const approved = { kind: 'value', value: { json: { approved: true, by: 'Grace' } } } as const
    await stage.complete(approval, approved)
    return await stage.outputOf(id)
  },
}

function isApproval(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'approval' in body
}
