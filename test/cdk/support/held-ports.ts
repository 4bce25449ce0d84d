import { createServer, type Server } from 'node:net'

/** Ports for somebody who will come later: until then nobody else gets them. */
export type HeldPorts = {
  readonly ports: readonly number[]
  release(): Promise<void>
}

/** Below those that the system gives to outgoing connections. */
const first = 20_000
const last = 32_000

export async function holdPorts(count: number): Promise<HeldPorts> {
  const held: { readonly port: number; readonly server: Server }[] = []
  while (held.length < count) {
    const port = first + Math.floor(Math.random() * (last - first))
    const server = await listen(port)
    if (server !== undefined) held.push({ port, server })
  }
  return {
    ports: held.map(({ port }) => port),
    async release() {
      await Promise.all(held.map(({ server }) => new Promise((done) => server.close(done))))
    },
  }
}

function listen(port: number): Promise<Server | undefined> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined))
    server.listen(port, () => resolve(server))
  })
}
