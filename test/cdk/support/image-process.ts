import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ImageTree } from '../../../tools/assemble-image.ts'
import { processEnvironment } from '../../support/real-parts/environment.ts'
import { until } from './progress.ts'
import { readOnlyFileSystem } from './read-only.ts'

export type ImageProcess = {
  readonly ingressUrl: string
  readonly adminUrl: string
  isRunning(): boolean
  /** The exit code of the image's check. */
  check(): Promise<number | null>
  /** As a container engine stops it: SIGKILL follows after `graceMs`. Answers the exit code and the signal. */
  stop(graceMs: number): Promise<readonly unknown[]>
}

/** The longest grace that ECS knows, and what a deployed task has. */
export const stopTimeoutMs = 120_000

/** The user `node` of the base image. Only root may become somebody else. */
const ordinary = { uid: 1_000, gid: 1_000 }

/**
 * Runs an image's command as a container engine would: as an ordinary user, in a tree that it cannot write to, nor
 * anywhere else. The ports are free ones.
 */
export async function runImage(
  tree: ImageTree,
  { document, environment = {} }: { document: object; environment?: Record<string, string> },
): Promise<ImageProcess> {
  makeReadOnly(tree.root)
  const [program = '', ...args] = tree.command
  const options = {
    ...userOf(),
    cwd: tree.workingDirectory,
    env: {
      ...tree.environment,
      ...environment,
      PATH: processEnvironment.PATH,
      TMPDIR: tree.root,
      NODE_OPTIONS: readOnlyFileSystem,
      FERMATA_CONFIG: JSON.stringify({
        ingress: { host: '127.0.0.1', port: 0 },
        admin: { host: '127.0.0.1', port: 0 },
        ...document,
      }),
    },
  }
  const child = spawn(program, args, options)
  const ended = once(child, 'exit')
  const ports = await portsOf(child)
  return {
    ingressUrl: `http://127.0.0.1:${ports.ingressPort}`,
    adminUrl: `http://127.0.0.1:${ports.adminPort}`,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    async check() {
      const [checker = '', ...rest] = tree.healthCommand
      const env = { ...options.env, FERMATA_ADMIN_PORT: ports.adminPort }
      const [code] = await once(spawn(checker, rest, { ...options, env }), 'exit')
      return code
    },
    async stop(graceMs) {
      child.kill(tree.stopSignal as NodeJS.Signals)
      const killer = setTimeout(() => child.kill('SIGKILL'), graceMs)
      const how = await ended
      clearTimeout(killer)
      return how
    },
  }
}

function makeReadOnly(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) makeReadOnly(path)
    else chmodSync(path, 0o444)
  }
  chmodSync(directory, 0o555)
}

function userOf(): typeof ordinary | Record<string, never> {
  if (process.getuid?.() !== 0) return {}
  // A home directory of root's may keep others from Node itself.
  const { status } = spawnSync(process.execPath, ['--version'], ordinary)
  return status === 0 ? ordinary : {}
}

/** From the line of the log that says that it listens. */
async function portsOf(child: ChildProcess): Promise<Record<'ingressPort' | 'adminPort', string>> {
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output += String(chunk)
    })
  }
  const [, ingressPort = '', adminPort = ''] = await until(
    'the image to listen',
    () => {
      if (child.exitCode !== null) throw new Error(`It has ended (${child.exitCode}):\n${output}`)
      return /"ingressPort":(\d+),"adminPort":(\d+),"table".*"Listening"/.exec(output)
    },
    (found) => found !== null,
  )
  return { ingressPort, adminPort }
}
