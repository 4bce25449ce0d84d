import { checkout } from '../../../examples/orders/services/checkout.ts'
import { inventory } from '../../../examples/orders/services/inventory.ts'
import { reviews } from '../../../examples/orders/services/reviews.ts'
import type { Answer } from '../outside.ts'
import type { Stage } from '../stage.ts'
import type { Story } from './story.ts'

const order = {
  id: 'o-1',
  customer: { name: 'Ada', email: 'ada@example.org' },
  items: [{ sku: 'engine', quantity: 1, price: 150_000 }],
  card: '4242',
}
const small = { ...order, items: [{ sku: 'cog', quantity: 2, price: 1_500 }] }
const functions = { orders: [checkout, reviews], inventory: [inventory] }

const answers =
  (refusal?: { readonly path: string; readonly status: number }): Answer =>
  ({ path }) => {
    if (path === refusal?.path) return { status: refusal.status, json: 'no' }
    if (path === '/payments/charges') return { json: { paymentId: 'p-1' } }
    if (path === '/warehouse/reservations') return { json: { reservationId: 'r-1' } }
    return { json: {} }
  }

const submit = (stage: Stage, what: typeof order) =>
  stage.submit({ service: 'checkout', handler: 'process' }, what, what.id)

async function decide(stage: Stage, approved: boolean): Promise<void> {
  const { body } = await stage.effect(({ body }) => 'approval' in (body as object))
  const { approval } = body as { readonly approval: string }
  await stage.complete(approval, { kind: 'value', value: { json: { approved, by: 'Grace' } } })
}

const reviewed = (stage: Stage) =>
  stage.effect(({ body }) => (body as { template?: string }).template === 'review')

/** A large order: paid, reserved, approved by a person, confirmed. */
export const orders: Story = {
  name: 'orders: a large one is approved',
  functions,
  outside: answers(),
  async play(stage) {
    const id = await submit(stage, order)
    await decide(stage, true)
    const output = await stage.outputOf(id)
    await reviewed(stage)
    return output
  },
}

export const smallOrder: Story = {
  name: 'orders: a small one is confirmed',
  functions,
  outside: answers(),
  async play(stage) {
    const output = await stage.attach(await submit(stage, small))
    await reviewed(stage)
    return output
  },
}

export const declinedOrder: Story = {
  name: 'orders: a large one is declined',
  functions,
  outside: answers(),
  async play(stage) {
    const id = await submit(stage, order)
    await decide(stage, false)
    return await stage.outputOf(id)
  },
}

export const soldOut: Story = {
  name: 'orders: nothing is left',
  functions,
  outside: answers({ path: '/warehouse/reservations', status: 409 }),
  play: async (stage) => stage.outputOf(await submit(stage, small)),
}

export const refusedCard: Story = {
  name: 'orders: the card is refused',
  functions,
  outside: answers({ path: '/payments/charges', status: 402 }),
  play: async (stage) => stage.outputOf(await submit(stage, small)),
}
