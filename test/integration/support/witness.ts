import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { eventually } from './system.ts'

/** The world outside the handlers: sees their side effects, and lets them through gates when a test says so. */
export type Witness = {
  readonly url: string
  /** How often each effect was asked for, by its idempotency key; those whose key contains `part`. */
  effects(part?: string): Readonly<Record<string, number>>
  /** What the first request for the effect brought along. Resolves when there is one. */
  effect(key: string): Promise<unknown>
  /** Whoever comes to this gate, now or later, goes on. */
  open(gate: string): void
  /** Resolves when so many requests have come to the gate in all. */
  arrived(gate: string, times?: number): Promise<void>
  arrivals(gate: string): number
  close(): Promise<void>
}

export async function openWitness(): Promise<Witness> {
  const counts = new Map<string, number>()
  const notes = new Map<string, unknown>()
  const gates = createGates()
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://witness')
    const [, kind, name = ''] = pathname.split('/').map(decodeURIComponent)
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => {
      body += chunk
    })
    request.on('end', () => {
      if (kind === 'gate') return gates.pass(name, () => response.end('null'))
      const before = counts.get(name) ?? 0
      counts.set(name, before + 1)
      if (before === 0) notes.set(name, JSON.parse(body))
      response.end(JSON.stringify(before + 1))
    })
  })
  server.keepAliveTimeout = 30_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    effects: (part = '') =>
      Object.fromEntries([...counts].filter(([key]) => key.includes(part)).toSorted()),
    async effect(key) {
      await eventually(`the effect ${key}`, () => counts.has(key), 120_000)
      return notes.get(key)
    },
    open: gates.open,
    arrived: (gate, times = 1) =>
      eventually(`${times} at gate ${gate}`, () => gates.arrivals(gate) >= times, 120_000).then(
        () => undefined,
      ),
    arrivals: gates.arrivals,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function createGates() {
  const opened = new Set<string>()
  const waiting = new Map<string, (() => void)[]>()
  const came = new Map<string, number>()
  return {
    pass(gate: string, go: () => void): void {
      came.set(gate, (came.get(gate) ?? 0) + 1)
      if (opened.has(gate)) go()
      else waiting.set(gate, [...(waiting.get(gate) ?? []), go])
    },
    open(gate: string): void {
      opened.add(gate)
      for (const go of waiting.get(gate) ?? []) go()
      waiting.delete(gate)
    },
    arrivals: (gate: string) => came.get(gate) ?? 0,
  }
}
