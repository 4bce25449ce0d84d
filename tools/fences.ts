import { readdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, relative, sep } from 'node:path'
import { cruise, type ICruiseOptions, type ICruiseResult } from 'dependency-cruiser'

const workspaces = ['lambda-runtime/src', 'orchestrator/src', 'cdk/src']

export interface FenceReport {
  readonly modules: number
  /** Source files that the tool did not read: a green answer about them would mean nothing. */
  readonly unread: readonly string[]
  readonly violations: readonly string[]
}

/** Holds the sources under `root` against the rules of `.dependency-cruiser.cjs`. */
export async function checkFences(root: string): Promise<FenceReport> {
  const { forbidden, options } = createRequire(import.meta.url)('../.dependency-cruiser.cjs')
  const cruiseOptions: ICruiseOptions = {
    ...options,
    baseDir: root,
    validate: true,
    ruleSet: { forbidden },
  }
  const { output } = await cruise(workspaces, cruiseOptions, options.enhancedResolveOptions)
  const { modules, summary } = output as ICruiseResult
  const read = new Set(modules.map(({ source }) => source))
  const sources = (await Promise.all(workspaces.map((dir) => sourceFiles(root, dir)))).flat()
  return {
    modules: modules.length,
    unread: sources.filter((file) => !read.has(file)),
    violations: summary.violations.map(
      ({ rule, from, to, via }) =>
        `${rule.name}: ${[from, ...(via ?? []).map(({ name }) => name), to].filter(isNew).join(' -> ')}`,
    ),
  }
}

async function sourceFiles(root: string, directory: string): Promise<string[]> {
  const entries = await readdir(join(root, directory), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
}

function isNew(name: string, index: number, names: readonly string[]): boolean {
  return name !== names[index - 1]
}
