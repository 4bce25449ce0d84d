import { join } from 'node:path'
import { cacheDirectory, findOnPath, isExecutable } from './environment.ts'
import { withFreePorts } from './free-ports.ts'
import { startGuardedStore } from './guarded-store.ts'
import { MissingPartError } from './missing-part-error.ts'
import type { RunningStore } from './running-store.ts'

const install =
  'cargo install dynoxide-rs --version 3.2.0 --no-default-features ' +
  '--features native-sqlite,http-server,cli --root .cache/dynoxide'

/** The path of dynoxide, from the PATH or `.cache/`. Throws {@link MissingPartError}. */
export function findDynoxide(): string {
  const cached = join(cacheDirectory, 'dynoxide', 'bin', 'dynoxide')
  const found = findOnPath('dynoxide') ?? (isExecutable(cached) ? cached : undefined)
  if (found !== undefined) return found
  throw new MissingPartError({
    part: 'dynoxide',
    code: 'MISSING_DYNOXIDE',
    problem: 'not found on the PATH nor in .cache/.',
    remedy: `It is optional, for benchmarks; \`${install}\` builds it.`,
  })
}

/**
 * Starts dynoxide, a DynamoDB on SQLite in memory: fast enough not to be what a benchmark measures.
 *
 * @throws MissingPartError when it is not installed
 */
export async function startDynoxide(): Promise<RunningStore> {
  const command = findDynoxide()
  return withFreePorts(1, ([port = 0]) =>
    startGuardedStore(port, {
      command,
      args: ['serve', '--port', String(port), '--log', 'quiet'],
    }),
  )
}
