import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type DynaliteServer, serveDynalite } from './dynalite-server.ts'
import { PartFailedError } from './missing-part-error.ts'
import type { RunningStore } from './running-store.ts'

export interface DynaliteOptions {
  /** A folder to keep the data in; in memory when absent. */
  readonly path?: string | undefined
  /**
   * `own` (the default) serves from this process; `child` from one of its own, so that it takes no
   * time from this event loop. Either can be used by any number of processes.
   */
  readonly process?: 'own' | 'child' | undefined
}

/**
 * Starts dynalite 4 on a free port of 127.0.0.1: a DynamoDB that needs Node alone. It knows neither
 * PartiQL nor transactions.
 */
export async function startDynalite(options: DynaliteOptions = {}): Promise<RunningStore> {
  const serve = options.process === 'child' ? serveFromChild : serveDynalite
  const { port, close } = await serve(options.path)
  return { endpoint: `http://127.0.0.1:${port}`, stop: close }
}

async function serveFromChild(path?: string): Promise<DynaliteServer> {
  const program = fileURLToPath(new URL('dynalite-process.ts', import.meta.url))
  const child = fork(program, path === undefined ? [] : [path], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit')
  const [port] = await Promise.race([once(child, 'message'), exited.then(() => [undefined])])
  if (typeof port !== 'number') throw new PartFailedError('dynalite ended at start.', '')
  return {
    port,
    async close() {
      // SIGKILL loses what LevelDB has not written yet; leaving the channel lets it end by itself.
      if (child.connected) child.disconnect()
      await exited
    },
  }
}
