/** Stand-ins for the world outside: a payment provider and a mail server. */
export interface Order {
  readonly id: string
  readonly amount: number
  readonly manager: string
}

export interface Payment {
  readonly id: string
}

export function charge(order: Order, idempotencyKey: string): Promise<Payment> {
  return Promise.resolve({ id: `payment of ${order.amount} for ${order.id} (${idempotencyKey})` })
}

export function mail(to: string, text: string): Promise<void> {
  process.stdout.write(`mail to ${to}: ${text}\n`)
  return Promise.resolve()
}
