/** Warehouse and bank, wherever they are. */
import { type AskOptions, ask } from '../ask.ts'
import type { Item } from './cart.ts'

export async function reserve(
  order: string,
  items: readonly Item[],
  options: AskOptions,
): Promise<void> {
  await askOnce('/warehouse/reservations', { order, items }, options)
}

export async function charge(order: string, total: number, options: AskOptions): Promise<void> {
  await askOnce('/bank/charges', { order, total }, options)
}

/** An order is reserved once and paid for once. */
function askOnce(path: string, body: object, options: AskOptions): Promise<unknown> {
  return ask(path, body, { ...options, idempotencyKey: `${path} ${options.idempotencyKey}` })
}
