import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { processEnvironment } from '../../support/real-parts/environment.ts'

export const repository: string = fileURLToPath(new URL('../../..', import.meta.url))

export type Surroundings = {
  readonly environment: Readonly<Record<string, string>>
  /** Takes whatever it leaves lying about. */
  readonly scratch: string
  /** Where it finds its settings. @default the repository, with the app of the example */
  readonly directory?: string
  /** Ends it. */
  readonly signal: AbortSignal
}

/** Runs the CDK's command line and answers what it said. @throws Error with that when it fails */
export function cdk(args: readonly string[], surroundings: Surroundings): Promise<string> {
  return run(`${repository}node_modules/.bin/cdk`, ['--ci', ...args], surroundings)
}

/** Runs an app of the CDK, which writes its assembly where it likes. */
export function synthesize(
  app: string,
  options: object,
  surroundings: Pick<Surroundings, 'scratch' | 'signal'>,
): Promise<string> {
  const args = ['--conditions=source', app, JSON.stringify(options)]
  return run(process.execPath, args, { ...surroundings, environment: {} })
}

async function run(
  command: string,
  args: readonly string[],
  { environment, scratch, signal, directory = repository }: Surroundings,
): Promise<string> {
  const child = spawn(command, args, {
    cwd: directory,
    env: {
      PATH: processEnvironment.PATH,
      HOME: scratch,
      TMPDIR: scratch,
      CDK_DISABLE_CLI_TELEMETRY: 'true',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  })
  let output = ''
  const keep = (chunk: unknown) => {
    output += String(chunk)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const [code] = await once(child, 'close')
  if (code === 0) return output
  throw new Error(`${command} ${args.join(' ')} failed (${code}):\n${output.slice(-6_000)}`)
}
