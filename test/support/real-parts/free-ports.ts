import { createServer } from 'node:net'

const host = '127.0.0.1'

/** So many ports that were free a moment ago; whoever uses them must be ready to try others. */
async function findFreePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject)
          server.listen(0, host, () => {
            const address = server.address()
            if (address === null || typeof address === 'string') reject(new Error('no port'))
            else resolve(address.port)
          })
        }),
    ),
  )
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))))
  return ports
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
