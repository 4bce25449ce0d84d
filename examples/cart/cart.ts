import { object, shared, TerminalError } from '@fermata/lambda-runtime'
import { charge, reserve } from './outside.ts'

export interface Item {
  readonly sku: string
  readonly quantity: number
  /** In cents. */
  readonly price: number
}

/** What a shop's front end writes to Kafka, with the customer as the record's key. */
export type CartEvent =
  | ({ readonly kind: 'put' } & Item)
  | { readonly kind: 'removed'; readonly sku: string }
  | { readonly kind: 'emptied' }

export interface Receipt {
  readonly order: string
  readonly total: number
}

interface CartState {
  items: readonly Item[]
  orders: number
}

/** One cart for each customer: events and checkouts of one customer run one after the other, those of others beside them. */
export const cart = object<CartState>()('cart', {
  async apply(ctx, event: CartEvent): Promise<void> {
    const items = await ctx.get('items', [])
    switch (event.kind) {
      case 'put': {
        const { kind: _kind, ...item } = event
        return ctx.set('items', [...without(items, item.sku), item])
      }
      case 'removed':
        return ctx.set('items', without(items, event.sku))
      case 'emptied':
        return ctx.clear('items')
    }
  },

  /** What comes meanwhile waits: the cart that is paid for is the cart that is reserved, and then empty. */
  async checkout(ctx): Promise<Receipt> {
    const items = await ctx.get('items', [])
    if (items.length === 0) throw new TerminalError('the cart is empty', { status: 409 })
    const number = (await ctx.get('orders', 0)) + 1
    const order = `${ctx.key}-${number}`
    await ctx.run('reserve', ({ signal }) =>
      reserve(order, items, { idempotencyKey: order, signal }),
    )
    const total = totalOf(items)
    await ctx.run('charge', ({ signal }) => charge(order, total, { idempotencyKey: order, signal }))
    ctx.set('orders', number)
    ctx.clear('items')
    return { order, total }
  },

  /** Answers at once, also while a checkout is under way. */
  total: shared(async (ctx) => totalOf(await ctx.get('items', []))),
})

function without(items: readonly Item[], sku: string): readonly Item[] {
  return items.filter((item) => item.sku !== sku)
}

function totalOf(items: readonly Item[]): number {
  return items.reduce((sum, { price, quantity }) => sum + price * quantity, 0)
}
