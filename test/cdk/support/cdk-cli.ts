import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { processEnvironment } from '../../support/real-parts/environment.ts'

export const repository: string = fileURLToPath(new URL('../../..', import.meta.url))

/** Runs the CDK's command line and answers what it said. @throws Error with that when it fails */
export async function cdk(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const child = spawn(`${repository}/node_modules/.bin/cdk`, ['--ci', ...args], {
    cwd: repository,
    env: {
      PATH: processEnvironment.PATH,
      // It keeps notes there.
      HOME: tmpdir(),
      CDK_DISABLE_CLI_TELEMETRY: 'true',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const keep = (chunk: unknown) => {
    output += String(chunk)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const [code] = await once(child, 'exit')
  if (code !== 0)
    throw new Error(`cdk ${args.join(' ')} failed (${code}):\n${output.slice(-6_000)}`)
  return output
}
