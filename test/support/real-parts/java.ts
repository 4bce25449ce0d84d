import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { type Environment, findOnPath, isExecutable, processEnvironment } from './environment.ts'
import { MissingPartError, type RealPart } from './missing-part-error.ts'

const oldestJava = 17

/** The path of a Java that can run the part. Throws {@link MissingPartError}. */
export function findJava(part: RealPart, environment: Environment = processEnvironment): string {
  const home = environment.JAVA_HOME
  const fromHome = home === undefined || home === '' ? undefined : join(home, 'bin', 'java')
  const java =
    fromHome !== undefined && isExecutable(fromHome) ? fromHome : findOnPath('java', environment)
  const remedy = `Install a Java runtime, version ${oldestJava} or later, or set JAVA_HOME to one.`
  if (java === undefined) {
    throw new MissingPartError({ part, code: 'MISSING_JAVA', problem: 'no Java found.', remedy })
  }
  const major = javaMajorVersion(java)
  if (major === undefined) {
    const problem = `${java} does not run.`
    throw new MissingPartError({ part, code: 'MISSING_JAVA', problem, remedy })
  }
  if (major < oldestJava) {
    const problem = `${java} is Java ${major}.`
    throw new MissingPartError({ part, code: 'JAVA_TOO_OLD', problem, remedy })
  }
  return java
}

/** The path of Maven. Throws {@link MissingPartError}. */
export function findMaven(part: RealPart, environment: Environment = processEnvironment): string {
  const maven = findOnPath('mvn', environment)
  if (maven !== undefined) return maven
  throw new MissingPartError({
    part,
    code: 'MISSING_MAVEN',
    problem: 'its jars are not in .cache/ yet, and no Maven was found to fetch them.',
    remedy: 'Install Maven 3.6 or later, so that `mvn` is on the PATH.',
  })
}

function javaMajorVersion(java: string): number | undefined {
  const { stderr, stdout, status } = spawnSync(java, ['-version'], { encoding: 'utf8' })
  if (status !== 0) return undefined
  const major = /version "(?:1\.)?(\d+)/.exec(`${stderr}${stdout}`)?.[1]
  return major === undefined ? undefined : Number(major)
}
