import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

const pollMs = 100
/** A lock older than this is ignored: nothing here takes so long. */
const patienceMs = 5 * 60_000

/**
 * Runs `work` while no other process of this machine runs work under the same lock file.
 *
 * It keeps two test processes from downloading the same thing at the same time. It is not what
 * makes the result right: whoever downloads moves a finished folder into place in one step, so that
 * a lock taken from an owner wrongly believed dead costs time only.
 */
export async function withProcessLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + patienceMs
  while (!(await tryToTake(path))) {
    if (performance.now() > giveUpAt || !(await ownerIsAlive(path))) await rm(path, { force: true })
    else await delay(pollMs)
  }
  try {
    return await work()
  } finally {
    await rm(path, { force: true })
  }
}

/** Links a file that already names its owner, so that no one ever sees a lock without an owner. */
async function tryToTake(path: string): Promise<boolean> {
  const mine = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`
  await writeFile(mine, String(process.pid))
  try {
    await link(mine, path)
    return true
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false
    throw error
  } finally {
    await rm(mine, { force: true })
  }
}

async function ownerIsAlive(path: string): Promise<boolean> {
  try {
    process.kill(Number(await readFile(path, 'utf8')), 0)
    return true
  } catch (error) {
    // EPERM: alive, under another user. ENOENT: just released, so try again.
    return isErrno(error, 'EPERM') || isErrno(error, 'ENOENT')
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
