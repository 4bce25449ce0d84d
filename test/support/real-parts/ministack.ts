import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { cacheDirectory, type Environment, findOnPath, processEnvironment } from './environment.ts'
import { withFreePorts } from './free-ports.ts'
import { GuardedProcess } from './guarded-process.ts'
import { MissingPartError } from './missing-part-error.ts'
import { withProcessLock } from './process-lock.ts'

const run = promisify(execFile)

const version = '1.5.33'
const directory = join(cacheDirectory, `ministack-${version}`)
const program = join(directory, 'bin', 'ministack')
/** Says that the installation was finished. */
const complete = join(directory, '.complete')
const readyWithinMs = 120_000

export interface MinistackOptions {
  /** On top of ours, for it and for the functions that it runs. */
  readonly environment?: Readonly<Record<string, string>>
}

/** A running emulator of AWS; any credentials and any region will do. */
export interface RunningMinistack {
  /** For `AWS_ENDPOINT_URL`. */
  readonly endpoint: string
  stop(): Promise<void>
}

/**
 * Starts ministack (S3, DynamoDB, Lambda, CloudFormation, IAM, ECS …) on a free port of 127.0.0.1. The first
 * time it is installed into `.cache/`.
 *
 * @throws MissingPartError without Python the first time
 */
export async function startMinistack(options: MinistackOptions = {}): Promise<RunningMinistack> {
  await installMinistack()
  const data = await mkdtemp(join(tmpdir(), 'ministack-'))
  return withFreePorts(1, async ([port = 0]) => {
    const ministack = new GuardedProcess({
      command: program,
      args: [],
      dataDirectory: data,
      environment: {
        PATH: processEnvironment.PATH,
        TMPDIR: data,
        HOME: data,
        BIND_HOST: '127.0.0.1',
        GATEWAY_PORT: String(port),
        ...options.environment,
      },
    })
    const endpoint = `http://127.0.0.1:${port}`
    try {
      await ministack.waitUntilReady(() => answers(endpoint), readyWithinMs)
    } catch (error) {
      await ministack.dispose()
      throw error
    }
    return { endpoint, stop: () => ministack.dispose() }
  })
}

/** What keeps it from being started here, or being installed. */
export function findMinistack(environment: Environment = processEnvironment): string {
  return existsSync(complete) ? program : findPython(environment)
}

function findPython(environment: Environment): string {
  const python = findOnPath('python3', environment)
  if (python !== undefined) return python
  throw new MissingPartError({
    part: 'ministack',
    code: 'MISSING_PYTHON',
    problem: 'it is not in .cache/ yet, and no Python was found to install it with.',
    remedy: 'Install Python 3.10 or later with venv, so that `python3` is on the PATH.',
  })
}

/** Installs it into `.cache/`, where it is not there yet. @throws MissingPartError when that cannot be done */
export async function installMinistack(): Promise<void> {
  if (existsSync(complete)) return
  const python = findPython(processEnvironment)
  await mkdir(dirname(directory), { recursive: true })
  await withProcessLock(`${directory}.lock`, async () => {
    if (!existsSync(complete)) await download(python)
  })
}

/** A venv knows its own path: it cannot be moved into place when it is finished. */
async function download(python: string): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true })
    await run(python, ['-m', 'venv', directory])
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
    await run(join(directory, 'bin', 'python'), [...pip, `ministack==${version}`])
    await writeFile(complete, '')
  } catch (cause) {
    throw new MissingPartError({
      part: 'ministack',
      code: 'DOWNLOAD_FAILED',
      problem: 'pip could not install it.',
      remedy: `Run \`${directory}/bin/pip install ministack==${version}\` to see why.`,
      cause,
    })
  }
}

async function answers(endpoint: string): Promise<void> {
  const response = await fetch(`${endpoint}/_localstack/health`)
  await response.arrayBuffer()
  if (!response.ok) throw new Error(`status ${response.status}`)
}
