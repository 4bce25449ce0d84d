import { type CartEvent, cart } from '../../../examples/cart/cart.ts'
import type { Stage } from '../stage.ts'
import type { Story } from './story.ts'

const tea = { kind: 'put', sku: 'tea', quantity: 2, price: 350 } as const
const ada: readonly (CartEvent | 'checkout')[] = [
  tea,
  { kind: 'put', sku: 'rum', quantity: 1, price: 900 },
  { kind: 'removed', sku: 'rum' },
  'checkout',
  { kind: 'put', sku: 'milk', quantity: 1, price: 120 },
  'checkout',
  { kind: 'emptied' },
  'checkout',
]
const to = (key: string, handler: string) => ({ service: 'cart', key, handler })

const submit = (stage: Stage, key: string, event: CartEvent | 'checkout', name: string) =>
  event === 'checkout'
    ? stage.submit(to(key, 'checkout'), undefined, name)
    : stage.submit(to(key, 'apply'), event, name)

/** All that one customer does stands in line at once, and happens in that order; another one is beside it. */
export const shopping: Story = {
  name: 'cart: what is paid for is what was in it',
  functions: { cart: [cart] },
  outside: () => ({ json: {} }),
  async play(stage) {
    const ids = []
    for (const [turn, event] of ada.entries()) {
      ids.push(await submit(stage, 'ada', event, `ada ${turn}`))
      if (turn === 0) ids.push(await submit(stage, 'bob', tea, 'bob 0'))
    }
    const outputs = []
    for (const id of ids) outputs.push(await stage.outputOf(id))
    const totals = []
    for (const key of ['ada', 'bob']) {
      totals.push(await stage.call(to(key, 'total'), undefined, `total of ${key}`))
    }
    const [ref, page] = [
      { service: 'cart', key: 'ada' },
      { from: undefined, limit: 1 },
    ]
    const { version, state } = await stage.ask((_, { admin }) => admin.object(ref, page))
    return { outputs, totals, version, state }
  },
}
