import { createServer, type Server } from 'node:net'

const host = '127.0.0.1'
/** Below those that the system gives to connections, and to servers that take any port: these come and go all the time. */
const first = 20_000
const last = 32_000

/** So many ports that were free a moment ago; whoever uses them must be ready to try others. */
async function findFreePorts(count: number): Promise<number[]> {
  const held = new Map<number, Server>()
  while (held.size < count) {
    const port = first + Math.floor(Math.random() * (last - first))
    const server = await listen(port)
    if (server !== undefined) held.set(port, server)
  }
  await Promise.all([...held.values()].map((server) => new Promise((done) => server.close(done))))
  return [...held.keys()]
}

/** Answers nothing where the port is taken. */
function listen(port: number): Promise<Server | undefined> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined))
    server.listen(port, host, () => resolve(server))
  })
}

const attempts = 3
const portTaken = /Address already in use|BindException|EADDRINUSE/

/** Calls `start` with free ports; should one be taken meanwhile, once more with others. */
export async function withFreePorts<T>(
  count: number,
  start: (ports: readonly number[]) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start(await findFreePorts(count))
    } catch (error) {
      if (attempt === attempts || !portTaken.test(String(error))) throw error
    }
  }
}
