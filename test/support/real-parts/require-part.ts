/** Gates for vitest; everything else in this folder is free of it. */
import { existsSync } from 'node:fs'
import { describe, test } from 'vitest'
import { findDynoxide } from './dynoxide.ts'
import { type Environment, processEnvironment } from './environment.ts'
import { findJava, findMaven } from './java.ts'
import { type JavaPart, jarsDirectory } from './maven-jars.ts'
import { findMinistack, installMinistack } from './ministack.ts'
import { MissingPartError, type RealPart } from './missing-part-error.ts'

/** Declares a suite, or says why it cannot run. */
export type DescribeWithPart = (title: string, suite: () => void) => void

/**
 * A `describe` for what needs a real part. Where the part is missing the suite is skipped with the
 * reason in its title; with `CI=true` it fails instead, unless the part is optional (dynoxide).
 *
 * @example requirePart('kafka')('the Kafka intake', () => { … })
 */
export function requirePart(part: RealPart): DescribeWithPart {
  return gate(part, findMissing(part))
}

/** The same for ministack, which is installed first: that may fail, too, where nothing can be fetched. */
export async function requireMinistack(): Promise<DescribeWithPart> {
  const missing = await installMinistack().then(
    () => undefined,
    (error: unknown) => missingPart(error),
  )
  return gate('ministack', missing)
}

function gate(part: RealPart, missing: MissingPartError | undefined): DescribeWithPart {
  if (missing === undefined) return (title, suite) => void describe(title, suite)
  return mayBeMissing(part, processEnvironment) ? skipping(missing) : failing(missing)
}

/** What keeps the part from starting here; `undefined` when nothing is known to. */
export function findMissing(
  part: RealPart,
  environment: Environment = processEnvironment,
): MissingPartError | undefined {
  try {
    locate[part](environment)
    return undefined
  } catch (error) {
    return missingPart(error)
  }
}

function missingPart(error: unknown): MissingPartError {
  if (error instanceof MissingPartError) return error
  throw error
}

export function mayBeMissing(part: RealPart, environment: Environment): boolean {
  return part === 'dynoxide' || environment.CI !== 'true'
}

const locate: Record<RealPart, (environment: Environment) => unknown> = {
  kafka: (environment) => locateJavaPart('kafka', environment),
  'dynamodb-local': (environment) => locateJavaPart('dynamodb-local', environment),
  'tla-tools': (environment) => locateJavaPart('tla-tools', environment),
  dynalite: () => undefined,
  dynoxide: () => findDynoxide(),
  ministack: findMinistack,
}

function locateJavaPart(part: JavaPart, environment: Environment): void {
  findJava(part, environment)
  if (!existsSync(jarsDirectory(part))) findMaven(part, environment)
}

function skipping(missing: MissingPartError): DescribeWithPart {
  return (title, suite) => void describe.skip(`${title} [skipped: ${missing.message}]`, suite)
}

function failing(missing: MissingPartError): DescribeWithPart {
  return (title) => {
    describe(title, () => {
      test(`finds ${missing.part}`, () => {
        throw missing
      })
    })
  }
}
