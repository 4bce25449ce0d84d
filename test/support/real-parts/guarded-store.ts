import { request } from 'node:http'
import { GuardedProcess, type GuardedProcessOptions } from './guarded-process.ts'
import type { RunningStore } from './running-store.ts'

const readyWithinMs = 120_000

/** Starts a DynamoDB that is a program of its own, and waits until it answers HTTP. */
export async function startGuardedStore(
  port: number,
  options: GuardedProcessOptions,
): Promise<RunningStore> {
  const store = new GuardedProcess(options)
  try {
    await store.waitUntilReady(() => answersHttp(port), readyWithinMs)
  } catch (error) {
    await store.dispose()
    throw error
  }
  return { endpoint: `http://127.0.0.1:${port}`, stop: () => store.dispose() }
}

/** Any status will do: an unsigned request is refused, but by a server that is up. */
function answersHttp(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, agent: false, timeout: 2_000 }, (response) => {
      response.resume().once('end', resolve)
    })
      .once('timeout', () => reject(new Error('no answer')))
      .once('error', reject)
      .end()
  })
}
