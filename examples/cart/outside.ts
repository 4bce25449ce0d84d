import type { Item } from './cart.ts'

/** Warehouse and bank, wherever they are. Each asks for an idempotency key: two requests with one key do the thing once. */
export interface AskOptions {
  readonly idempotencyKey: string
  readonly signal: AbortSignal
}

const outsideUrl = process.env['OUTSIDE_URL'] ?? 'http://localhost:8200'

export async function reserve(
  order: string,
  items: readonly Item[],
  options: AskOptions,
): Promise<void> {
  await ask('/warehouse/reservations', { order, items }, options)
}

export async function charge(order: string, total: number, options: AskOptions): Promise<void> {
  await ask('/bank/charges', { order, total }, options)
}

async function ask(path: string, body: object, options: AskOptions): Promise<void> {
  const { idempotencyKey, signal } = options
  const response = await fetch(new URL(path, outsideUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': `${path} ${idempotencyKey}` },
    body: JSON.stringify(body),
    signal,
  })
  if (!response.ok) throw new Error(`${path} answered ${response.status}`)
}
