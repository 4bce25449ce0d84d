import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Effect = {
  readonly path: string
  readonly key: string
  readonly body: Readonly<Record<string, unknown>>
}

/** Payments, warehouse and mail of the shop: a key is answered the same each time, and counts once. */
export type Shop = {
  readonly url: string
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
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    effects,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
