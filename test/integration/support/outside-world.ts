import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A place where side effects happen; it remembers each request by its idempotency key. */
export type OutsideWorld = {
  readonly url: string
  /** The keys under which `kind` was asked for, by order. A retried request repeats its key. */
  effects(kind: string): ReadonlyMap<string, ReadonlySet<string>>
  /** All requests, repeated ones too. */
  requests(): number
  close(): Promise<void>
}

export async function openOutsideWorld(): Promise<OutsideWorld> {
  const seen = new Map<string, Map<string, Set<string>>>()
  let requests = 0
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => {
      body += chunk
    })
    request.on('end', () => {
      requests += 1
      const { order, key } = JSON.parse(body) as { order: string; key: string }
      const kind = (request.url ?? '/').slice(1)
      const orders = seen.get(kind) ?? new Map<string, Set<string>>()
      seen.set(kind, orders)
      orders.set(order, (orders.get(order) ?? new Set()).add(key))
      response.end(`${kind} of ${order}`)
    })
  })
  server.keepAliveTimeout = 30_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    effects: (kind) => seen.get(kind) ?? new Map(),
    requests: () => requests,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
