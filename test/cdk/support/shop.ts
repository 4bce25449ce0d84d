import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Effect = {
  readonly path: string
  readonly key: string
  readonly body: Readonly<Record<string, unknown>>
}

/** Payments, warehouse and mail of the shop: a key is answered the same each time, and counts once. */
export type Shop = {
  readonly port: number
  /** Without those that repeat a key. */
  readonly effects: readonly Effect[]
  close(): Promise<void>
}

const answers: Readonly<Record<string, object>> = {
  '/payments/charges': { paymentId: 'p-1' },
  '/warehouse/reservations': { reservationId: 'r-1' },
}

export async function openShop(): Promise<Shop> {
  const effects: Effect[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const path = request.url ?? ''
      const key = String(request.headers['idempotency-key'])
      const isNew = effects.every((one) => one.path !== path || one.key !== key)
      if (isNew) effects.push({ path, key, body: JSON.parse(Buffer.concat(chunks).toString()) })
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(answers[path] ?? {}))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    effects,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** What was done for an order, in the order of their names: `charges`, `mail confirmation`, … */
export function doneFor(shop: Shop, order: string): string[] {
  return shop.effects
    .filter(({ body }) => body['order'] === order)
    .map(({ path, body: { template } }) =>
      template === undefined ? (path.split('/').at(-1) ?? '') : `mail ${template}`,
    )
    .toSorted()
}

/** The invocation that has charged for an order: its steps' keys begin with its id. */
export function invocationOf(shop: Shop, order: string): string {
  const charge = shop.effects.find(
    ({ path, body }) => path === '/payments/charges' && body['order'] === order,
  )
  if (charge === undefined) throw new Error(`Nobody has charged for ${order}`)
  return charge.key.slice(0, charge.key.lastIndexOf('/'))
}

/** The awakeable that somebody was asked to resolve. */
export function approvalOf(shop: Shop, order: string): string {
  const mail = shop.effects.find(
    ({ body }) => body['template'] === 'approval' && body['order'] === order,
  )
  if (mail === undefined) throw new Error(`Nobody was asked to approve ${order}`)
  return String(mail.body['approval'])
}
