import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../', import.meta.url))
const run = promisify(execFile)

/** The compilers that a user may have: the project's own, and the two older ones that are kept for this. */
export const compilers: Readonly<Record<string, string>> = {
  '6.0': root,
  '5.9': join(root, 'tools/typescript-5.9'),
  '5.4': join(root, 'tools/typescript-5.4'),
}

export interface Manifest {
  readonly name: string
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly dependencies: Readonly<Record<string, string>>
}

export interface PackedLibrary extends AsyncDisposable {
  readonly manifest: Manifest
  readonly tarball: string
  /** A folder of a user's project, with the tarball unpacked into its `node_modules`. */
  readonly project: string
  /** The unpacked library inside of it. */
  readonly installed: string
}

/**
 * Builds `lambda-runtime` from its sources alone, packs it as it would be published and installs it
 * in a project of its own. Nothing is taken from an earlier build, nothing is fetched: its declared
 * dependencies are linked, an undeclared one is missing.
 */
export async function packLibrary(): Promise<PackedLibrary> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'packed-library-')))
  const source = join(directory, 'build/lambda-runtime')
  const installed = join(directory, 'user/node_modules/@fermata/lambda-runtime')
  try {
    await cp(join(root, 'lambda-runtime'), source, { recursive: true, filter: isSource })
    await cp(join(root, 'tsconfig.base.json'), join(directory, 'build/tsconfig.base.json'))
    await cp(join(root, 'LICENSE'), join(source, 'LICENSE'))
    await symlink(join(root, 'node_modules'), join(directory, 'build/node_modules'))
    await compile(root, ['-p', source])
    await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', directory], {
      cwd: source,
    })
    const tarball = (await readdir(directory)).find((name) => name.endsWith('.tgz'))
    if (tarball === undefined) throw new Error('npm pack left no tarball')
    await mkdir(installed, { recursive: true })
    await run('tar', ['-xzf', join(directory, tarball), '-C', installed, '--strip-components=1'])
    const manifest: Manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'))
    await link(directory, Object.keys(manifest.dependencies))
    return {
      manifest,
      tarball: join(directory, tarball),
      project: join(directory, 'user'),
      installed,
      [Symbol.asyncDispose]: async () => await rm(directory, { recursive: true, force: true }),
    }
  } catch (error) {
    await rm(directory, { recursive: true, force: true })
    throw error
  }
}

/** Links what the user's project has beside the library, for instance `zod` or `vitest`. */
export async function linkBeside(library: PackedLibrary, names: readonly string[]): Promise<void> {
  await link(dirname(library.project), names)
}

async function link(directory: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const target = join(directory, 'user/node_modules', name)
    await mkdir(dirname(target), { recursive: true })
    await symlink(join(root, 'node_modules', name), target).catch(unlessItIsThere)
  }
}

/** Runs the compiler installed at `home`; what it complains about becomes the error's message. */
export async function compile(home: string, args: readonly string[], cwd = root): Promise<void> {
  const tsc = createRequire(join(home, 'package.json')).resolve('typescript/bin/tsc')
  await run(process.execPath, [tsc, ...args], { cwd, maxBuffer: 16_000_000 }).catch(
    (error: { stdout?: string; message: string }) => {
      throw new Error(error.stdout || error.message)
    },
  )
}

/** The entry points that have types, with the path of their declarations inside the package. */
export function typedEntries(manifest: Manifest): readonly (readonly [string, string])[] {
  return Object.entries(manifest.exports).flatMap(([name, target]) =>
    typeof target === 'object' && target['types'] !== undefined ? [[name, target['types']]] : [],
  )
}

function isSource(path: string): boolean {
  return !/\/(dist|node_modules)(\/|$)/.test(path.slice(root.length))
}

function unlessItIsThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}
