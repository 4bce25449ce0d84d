import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What these helpers need to know of the process environment. */
export interface Environment {
  readonly PATH?: string | undefined
  readonly JAVA_HOME?: string | undefined
  readonly CI?: string | undefined
}

/** The one place under `real-parts/` that reads the environment. */
// biome-ignore lint/style/noProcessEnv: finding Java and Maven, and knowing CI, is this file's job
export const processEnvironment: Environment = process.env

/** Downloads are kept here, outside `node_modules`, so that a second run starts at once. */
export const cacheDirectory: string = fileURLToPath(new URL('../../../.cache/', import.meta.url))

/** The first executable of that name on the PATH. */
export function findOnPath(
  name: string,
  environment: Environment = processEnvironment,
): string | undefined {
  const directories = (environment.PATH ?? '').split(delimiter).filter((entry) => entry !== '')
  return directories.map((directory) => join(directory, name)).find(isExecutable)
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
