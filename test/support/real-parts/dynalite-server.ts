import type { Server } from 'node:http'
import dynalite from 'dynalite'

export interface DynaliteServer {
  readonly port: number
  close(): Promise<void>
}

/** Serves dynalite from this process, on a free port of 127.0.0.1. */
export async function serveDynalite(path?: string): Promise<DynaliteServer> {
  const server = dynalite({
    createTableMs: 0,
    deleteTableMs: 0,
    ...(path === undefined ? {} : { path }),
  })
  const port = await listen(server)
  return {
    port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      if (address === null || typeof address === 'string') reject(new Error('no port'))
      else resolve(address.port)
    })
  })
}
