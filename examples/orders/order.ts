import * as v from 'valibot'

const cents = v.pipe(v.number(), v.integer(), v.minValue(0))
const quantity = v.pipe(v.number(), v.integer(), v.minValue(1))

/** What the shop writes to the topic `orders`. Prices are in cents. */
export const orderSchema = v.object({
  id: v.string(),
  customer: v.object({
    name: v.string(),
    email: v.pipe(v.string(), v.email()),
    company: v.optional(v.string()),
  }),
  items: v.pipe(
    v.array(v.object({ sku: v.string(), quantity, price: cents })),
    v.nonEmpty('an order has at least one item'),
  ),
  card: v.string(),
})
export type Order = v.InferOutput<typeof orderSchema>

/** In cents. */
export function totalOf(order: Order): number {
  return order.items.reduce((sum, { quantity, price }) => sum + quantity * price, 0)
}
