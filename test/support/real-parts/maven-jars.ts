import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { cacheDirectory } from './environment.ts'
import { findMaven } from './java.ts'
import { MissingPartError, type RealPart } from './missing-part-error.ts'
import { withProcessLock } from './process-lock.ts'

const run = promisify(execFile)

export type JavaPart = Extract<RealPart, 'kafka' | 'dynamodb-local' | 'tla-tools'>

/** Where the part's files are cached; its name changes with the pom, so a new version starts afresh. */
export function partCache(part: JavaPart): string {
  const digest = createHash('sha256')
    .update(readFileSync(pomPath(part)))
    .digest('hex')
  return join(cacheDirectory, `${part}-${digest.slice(0, 12)}`)
}

export function jarsDirectory(part: JavaPart): string {
  return join(partCache(part), 'lib')
}

/** The folder of the part's jars, fetched by Maven the first time. Throws {@link MissingPartError}. */
export async function fetchJars(part: JavaPart): Promise<string> {
  const directory = jarsDirectory(part)
  if (existsSync(directory)) return directory
  const maven = findMaven(part)
  await mkdir(partCache(part), { recursive: true })
  return withProcessLock(`${directory}.lock`, async () => {
    if (!existsSync(directory)) await download(part, maven, directory)
    return directory
  })
}

async function download(part: JavaPart, maven: string, directory: string): Promise<void> {
  const unfinished = `${directory}.${process.pid}`
  const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${unfinished}`]
  try {
    await run(maven, ['-q', '-B', '-f', pomPath(part), ...goal])
    await rename(unfinished, directory)
  } catch (cause) {
    await rm(unfinished, { recursive: true, force: true })
    if (existsSync(directory)) return
    throw new MissingPartError({
      part,
      code: 'DOWNLOAD_FAILED',
      problem: 'Maven could not fetch its jars.',
      remedy: `Run \`mvn -f ${pomPath(part)} dependency:copy-dependencies\` to see why.`,
      cause,
    })
  }
}

function pomPath(part: JavaPart): string {
  return fileURLToPath(new URL(`${part}/pom.xml`, import.meta.url))
}
