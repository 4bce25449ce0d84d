import { execFile } from 'node:child_process'
import { access, cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  compile,
  compilers,
  linkBeside,
  type PackedLibrary,
  packLibrary,
  typedEntries,
} from '../../tools/packed-library.ts'

const run = promisify(execFile)
const typeTests = fileURLToPath(new URL('../types', import.meta.url))

const userOptions = {
  target: 'ES2022',
  lib: ['ES2023'],
  module: 'NodeNext',
  moduleResolution: 'NodeNext',
  moduleDetection: 'force',
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
  allowImportingTsExtensions: true,
  types: ['node'],
}

let library: PackedLibrary

beforeAll(async () => {
  library = await packLibrary()
  await linkBeside(library, ['@types/node', 'vitest', 'zod', 'valibot'])
})

afterAll(async () => await library?.[Symbol.asyncDispose]())

/** Type-checks `files` of the user's project and answers what the compiler said, '' for nothing. */
async function complaints(version: string, name: string, skipLibCheck: boolean): Promise<string> {
  const config = join(library.project, `tsconfig.${name}-${version}.json`)
  const compilerOptions = { ...userOptions, skipLibCheck }
  await writeFile(config, JSON.stringify({ compilerOptions, include: [`${name}/**/*.ts`] }))
  return await compile(compilers[version] ?? '', ['-p', config], library.project).then(
    () => '',
    (error: Error) => error.message,
  )
}

function specifiers(): string[] {
  return typedEntries(library.manifest).map(([name]) => join(library.manifest.name, name))
}

describe('the packed library', () => {
  it('loads from every entry point with nothing but its declared dependencies', async () => {
    for (const specifier of specifiers()) {
      const code = `console.log(Object.keys(await import('${specifier}')).length)`
      const args = ['--input-type=module', '--eval', code]
      const { stdout } = await run(process.execPath, args, { cwd: library.project })
      expect(Number(stdout), specifier).toBeGreaterThan(0)
    }
    expect(specifiers()).toContain('@fermata/lambda-runtime')
  })

  it('ships declarations and code for every export', async () => {
    const files = Object.values(library.manifest.exports).flatMap((target) =>
      typeof target === 'string' ? [target] : Object.values(target),
    )
    for (const file of files) {
      await expect(access(join(library.installed, file)), file).resolves.toBeUndefined()
    }
  })

  it('brings no AWS client into a bundle', async () => {
    for (const specifier of specifiers()) {
      const { metafile } = await build({
        stdin: { contents: `export * from '${specifier}'`, resolveDir: library.project },
        bundle: true,
        write: false,
        metafile: true,
        format: 'esm',
        platform: 'node',
        logLevel: 'silent',
      })
      const inputs = Object.keys(metafile.inputs)
      expect(inputs.length, specifier).toBeGreaterThan(1)
      expect(inputs.filter((input) => /@aws-sdk|@smithy|orchestrator/.test(input))).toEqual([])
      // A server goes along with its own entry only.
      const hasServer = inputs.some((input) => /node_modules\/(fastify|jose)\//.test(input))
      expect([specifier, hasServer]).toEqual([specifier, specifier.endsWith('/http')])
    }
  })
})

describe.each(Object.keys(compilers))('with TypeScript %s', (version) => {
  it('the declarations stand without skipLibCheck', async () => {
    await linkBeside(library, ['undici-types'])
    await cp(library.installed, join(library.project, 'declarations'), {
      recursive: true,
      filter: (path) => !/\.(js|map)$|\/src(\/|$)/.test(path.slice(library.installed.length)),
    })
    expect(await complaints(version, 'declarations', false)).toBe('')
  })

  it('the type tests hold against the packed declarations', async () => {
    await cp(typeTests, join(library.project, 'types'), { recursive: true })
    expect(await complaints(version, 'types', true)).toBe('')
  })
})
