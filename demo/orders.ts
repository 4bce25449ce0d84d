import { readFile } from 'node:fs/promises'
import * as v from 'valibot'
import { type Order, orderSchema, totalOf } from '../examples/orders/order.ts'
import { approvalFrom } from '../examples/orders/settings.ts'
import type { EffectKind, Ledger } from './outside-world/ledger.ts'
import { soldOut } from './outside-world/requests.ts'
import { deskLimit } from './outside-world/sales-desk.ts'

const file = new URL('../examples/orders/data/orders.ndjson', import.meta.url)

/** The orders of `examples/orders/data/orders.ndjson`. */
export async function readOrders(): Promise<readonly Order[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '')
  return lines.map((line) => v.parse(orderSchema, JSON.parse(line)))
}

/** How an order ends. */
export const outcomes = ['confirmed', 'declined', 'out of stock', 'card refused'] as const
export type Outcome = (typeof outcomes)[number]

/** How it must end, by its data alone. */
export function expectedOutcome(order: Order): Outcome {
  if (order.card === 'card_declined') return 'card refused'
  if (order.items.some(({ sku }) => sku === soldOut)) return 'out of stock'
  return totalOf(order) > deskLimit ? 'declined' : 'confirmed'
}

/** What must have happened outside when it has ended: each of these once, and nothing else. */
export function expectedEffects(order: Order): readonly EffectKind[] {
  const asked: readonly EffectKind[] = totalOf(order) >= approvalFrom ? ['approval request'] : []
  const byOutcome: Record<Outcome, readonly EffectKind[]> = {
    confirmed: ['charge', 'reservation', ...asked, 'confirmation', 'review request'],
    declined: ['charge', 'reservation', ...asked, 'release', 'refund', 'cancellation'],
    'out of stock': ['charge', 'refund', 'cancellation'],
    'card refused': [],
  }
  return byOutcome[expectedOutcome(order)]
}

/** Whether the order has ended, as far as one can tell from outside. */
export function isDone(order: Order, ledger: Ledger): boolean {
  const expected = expectedEffects(order)
  if (expected.length === 0) return ledger.refusedOrders.has(order.id)
  return expected.every((kind) => ledger.hasSeen(kind, order.id))
}
