import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { withFreePorts } from '../../test/support/real-parts/free-ports.ts'
import { GuardedProcess } from '../../test/support/real-parts/guarded-process.ts'

const program = fileURLToPath(new URL('../../orchestrator/src/main.ts', import.meta.url))
const readyWithinMs = 30_000
/** At the end there is nothing left to do; after Ctrl-C nothing is worth waiting for. */
const stopWithinMs = 3_000
const shownOnFailure = 1_500

/** One orchestrator process. */
export interface Replica {
  readonly name: string
  readonly pid: number
  readonly ingressUrl: string
  readonly adminUrl: string
  /** Where its log lines are. */
  readonly logFile: string
  readonly isKilled: boolean
  /** SIGKILL: nothing is handed over, nothing is tidied up. */
  kill(): Promise<void>
  /** SIGTERM, and the grace it needs. */
  stop(): Promise<void>
}

export interface ReplicaOptions {
  readonly name: string
  /** The document for `FERMATA_CONFIG`, without ports. */
  readonly config: object
  readonly environment: Readonly<Record<string, string>>
  readonly logDirectory: string
}

/** Starts an orchestrator as it is started in production, and waits until it is ready. */
export function startReplica(options: ReplicaOptions): Promise<Replica> {
  return withFreePorts(2, ([ingressPort = 0, adminPort = 0]) =>
    startOnPorts(options, ingressPort, adminPort),
  )
}

async function startOnPorts(
  { name, config, environment, logDirectory }: ReplicaOptions,
  ingressPort: number,
  adminPort: number,
): Promise<Replica> {
  const host = '127.0.0.1'
  const adminUrl = `http://${host}:${adminPort}`
  const logFile = join(logDirectory, `orchestrator-${name}.log`)
  const document = {
    ...config,
    ingress: { host, port: ingressPort },
    admin: { host, port: adminPort },
  }
  const child = new GuardedProcess({
    command: '/bin/sh',
    args: [
      '-c',
      'exec "$0" --conditions=source "$1" >"$2" 2>&1',
      process.execPath,
      program,
      logFile,
    ],
    environment: { ...environment, FERMATA_CONFIG: JSON.stringify(document) },
  })
  try {
    await child.waitUntilReady(() => probe(adminUrl), readyWithinMs)
  } catch {
    await child.end()
    const log = await readFile(logFile, 'utf8').catch(() => child.output)
    throw new Error(
      `Orchestrator ${name} did not start. Its log ends:\n${log.slice(-shownOnFailure)}`,
    )
  }
  let isKilled = false
  return {
    name,
    pid: child.pid ?? 0,
    ingressUrl: `http://${host}:${ingressPort}`,
    adminUrl,
    logFile,
    get isKilled() {
      return isKilled
    },
    async kill() {
      isKilled = true
      await child.end()
    },
    stop: () => child.end({ graceMs: stopWithinMs }),
  }
}

async function probe(adminUrl: string): Promise<void> {
  const response = await fetch(`${adminUrl}/ready`)
  if (!response.ok) throw new Error(await response.text())
  await response.body?.cancel()
}
