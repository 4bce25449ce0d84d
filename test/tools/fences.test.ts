import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkFences, type FenceReport } from '../../tools/fences.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const run = promisify(execFile)

/** Files that break one rule each, with the rule that has to say so. */
interface Plant {
  readonly file: string
  readonly code: string
  readonly rule: string
}

const entropy: readonly (readonly [code: string, rule: string])[] = [
  ['export const a = Math.random()', 'plugin'],
  ['export const a = Date.now()', 'plugin'],
  ['export const a = new Date()', 'plugin'],
  ['export const a = crypto.randomUUID()', 'plugin'],
  ['export const a = performance.now()', 'plugin'],
  ['export const a = AbortSignal.timeout(1)', 'plugin'],
  ['setTimeout(() => 1, 1)', 'noRestrictedGlobals'],
  ['setInterval(() => 1, 1)', 'noRestrictedGlobals'],
  ['export const a = process.pid', 'noRestrictedGlobals'],
  [`import { readFile } from 'node:fs'\nexport const a = readFile`, 'noRestrictedImports'],
  [
    `import { randomBytes } from 'node:crypto'\nexport const a = randomBytes`,
    'noRestrictedImports',
  ],
]

const imports: readonly (readonly [folder: string, ...specifiers: string[]])[] = [
  ['lambda-runtime/src/protocol', '../replay/ports.ts', '@aws-sdk/client-dynamodb', 'aws4fetch'],
  ['lambda-runtime/src/replay', '../table/index.ts', '@middy/core', '@aws-sdk/client-lambda'],
  ['lambda-runtime/src/table', '../replay/replay.ts', '@aws-sdk/client-dynamodb'],
  ['lambda-runtime/src', '@aws-sdk/client-dynamodb', '@fermata/orchestrator/domain/decide'],
  ['orchestrator/src/domain', '../ports/index.ts', '../engine/drive.ts', 'pino'],
  ['orchestrator/src/domain/deep', '../../adapters/kafka/source.ts', '@aws-sdk/client-lambda'],
  ['orchestrator/src/ports', '../engine/drive.ts', '../adapters/memory/store.ts', 'kafkajs'],
  ['orchestrator/src/engine', '../adapters/memory/store.ts', '@aws-sdk/client-lambda', 'fastify'],
  [
    'orchestrator/src/engine/deep',
    '../../compose.ts',
    '@fermata/orchestrator/adapters/memory/store',
  ],
  ['orchestrator/src/adapters/kafka', '../../engine/drive.ts', '../../compose.ts'],
  ['orchestrator/src', './adapters/memory/store.ts'],
]

const layers = [
  'lambda-runtime/src/protocol',
  'lambda-runtime/src/replay',
  'orchestrator/src/domain',
]

const linted: readonly Plant[] = [
  ...layers.flatMap((folder) =>
    entropy.map(([code, rule], i) => ({ file: `${folder}/entropy-${i}.ts`, code, rule })),
  ),
  ...imports.flatMap(([folder, ...specifiers]) =>
    specifiers.map((specifier, i) => ({
      file: `${folder}/import-${i}.ts`,
      code: `export * as a from '${specifier}'`,
      rule: 'noRestrictedImports',
    })),
  ),
]

async function plant(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [file, code] of Object.entries(files)) {
    await mkdir(dirname(join(directory, file)), { recursive: true })
    await writeFile(join(directory, file), `${code}\n`)
  }
}

async function temporary(): Promise<string> {
  return await realpath(await mkdtemp(join(tmpdir(), 'fences-')))
}

describe('the fences that Biome keeps', () => {
  let directory: string
  let diagnostics: readonly { readonly rule: string; readonly file: string }[]

  beforeAll(async () => {
    directory = await temporary()
    await cp(join(root, 'biome.json'), join(directory, 'biome.json'))
    await cp(join(root, '.gitignore'), join(directory, '.gitignore'))
    await cp(
      join(root, 'tools/no-ambient-entropy.grit'),
      join(directory, 'tools/no-ambient-entropy.grit'),
    )
    await plant(directory, Object.fromEntries(linted.map(({ file, code }) => [file, code])))
    await plant(directory, {
      'orchestrator/src/domain/pure.ts': [
        `import { createHash } from 'node:crypto'`,
        `import type { Entry } from '@fermata/lambda-runtime/protocol'`,
        `import { evolve } from './invocation/evolve.ts'`,
        'export const a = (at: number): boolean => new Date(at) instanceof Date',
        `export const b = (entry: Entry) => evolve(createHash('sha256'), entry)`,
      ].join('\n'),
    })
    diagnostics = await lint(directory)
  })

  afterAll(async () => await rm(directory, { recursive: true, force: true }))

  it.each(linted)('refuse $code in $file', ({ file, rule }) => {
    expect(diagnostics.filter((found) => found.file === file).map((found) => found.rule)).toContain(
      rule,
    )
  })

  it('let pure code pass', () => {
    expect(diagnostics.filter((found) => found.file.endsWith('/pure.ts'))).toEqual([])
  })
})

/** Biome's exit code is an error when it finds something: its JSON comes all the same. */
async function lint(cwd: string): Promise<{ rule: string; file: string }[]> {
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')
  const args = [biome, 'lint', '--reporter=json', '--max-diagnostics=none', '.']
  const { stdout } = await run(process.execPath, args, { cwd, maxBuffer: 64_000_000 }).catch(
    (error: { stdout: string }) => error,
  )
  const report = JSON.parse(stdout) as {
    diagnostics: { category: string; location: { path: string } }[]
  }
  return report.diagnostics.map(({ category, location }) => ({
    rule: category.split('/').at(-1) ?? category,
    file: location.path,
  }))
}

const reached: readonly (readonly [rule: string, from: string, specifier: string])[] = [
  ['protocol-stands-alone', 'lambda-runtime/src/protocol/a.ts', '../replay/b.ts'],
  ['replay-sees-protocol', 'lambda-runtime/src/replay/a.ts', '../table/b.ts'],
  ['table-sees-protocol', 'lambda-runtime/src/table/a.ts', '../replay/b.ts'],
  ['sdk-never-reaches-aws-sdk', 'lambda-runtime/src/a.ts', './far.ts'],
  [
    'sdk-never-reaches-orchestrator',
    'lambda-runtime/src/c.ts',
    '../../orchestrator/src/domain/b.ts',
  ],
  ['replay-never-reaches-a-transport', 'lambda-runtime/src/replay/c.ts', '../signing.ts'],
  ['domain-is-pure', 'orchestrator/src/domain/a.ts', '../ports/b.ts'],
  ['ports-see-domain', 'orchestrator/src/ports/a.ts', '../engine/b.ts'],
  ['engine-sees-ports', 'orchestrator/src/engine/a.ts', 'kafkajs'],
  ['engine-never-reaches-adapters', 'orchestrator/src/engine/c.ts', '../far.ts'],
  ['adapters-see-ports', 'orchestrator/src/adapters/http/a.ts', '../../engine/b.ts'],
  ['adapters-do-not-see-each-other', 'orchestrator/src/adapters/http/c.ts', '../memory/b.ts'],
  ['only-compose-sees-adapters', 'orchestrator/src/far.ts', './adapters/memory/b.ts'],
  [
    'orchestrator-sees-protocol-and-table',
    'orchestrator/src/d.ts',
    '../../lambda-runtime/src/replay/b.ts',
  ],
  [
    'aws-sdk-client-dynamodb-stays-in-its-adapter',
    'orchestrator/src/e.ts',
    '@aws-sdk/client-dynamodb',
  ],
  ['kafkajs-stays-in-its-adapter', 'orchestrator/src/adapters/http/d.ts', 'kafkajs'],
  ['product-never-sees-tests', 'orchestrator/src/f.ts', '../../test/b.ts'],
  ['resolvable', 'orchestrator/src/g.ts', './nowhere.ts'],
  ['no-cycles', 'orchestrator/src/h.ts', './i.ts'],
]

describe('the fences that dependency-cruiser keeps', () => {
  let directory: string
  let report: FenceReport

  beforeAll(async () => {
    directory = await temporary()
    const nothing = 'export const b = 1'
    await plant(directory, {
      'package.json': '{ "type": "module" }',
      'lambda-runtime/src/replay/b.ts': nothing,
      'lambda-runtime/src/table/b.ts': nothing,
      'lambda-runtime/src/far.ts': `export * as far from './farther.ts'`,
      'lambda-runtime/src/farther.ts': `export * as sdk from '@aws-sdk/client-dynamodb'`,
      'lambda-runtime/src/signing.ts': `export * as aws4fetch from 'aws4fetch'`,
      'orchestrator/src/domain/b.ts': nothing,
      'orchestrator/src/ports/b.ts': nothing,
      'orchestrator/src/engine/b.ts': nothing,
      'orchestrator/src/adapters/memory/b.ts': nothing,
      'orchestrator/src/i.ts': `export * as h from './h.ts'`,
      'orchestrator/src/compose.ts': `export * as memory from './adapters/memory/b.ts'`,
      'cdk/src/b.ts': nothing,
      'test/b.ts': nothing,
      ...Object.fromEntries(
        reached.map(([, from, specifier]) => [from, `export * as a from '${specifier}'`]),
      ),
    })
    for (const vendor of ['@aws-sdk/client-dynamodb', 'kafkajs', 'aws4fetch']) {
      await mkdir(dirname(join(directory, 'node_modules', vendor)), { recursive: true })
      await symlink(join(root, 'node_modules', vendor), join(directory, 'node_modules', vendor))
    }
    report = await checkFences(directory)
  })

  afterAll(async () => await rm(directory, { recursive: true, force: true }))

  it.each(reached)('%s stops %s from importing %s', (rule, from) => {
    const named = report.violations.filter((violation) => violation.startsWith(`${rule}: ${from} `))
    expect(named).not.toEqual([])
  })

  it('let compose.ts see adapters', () => {
    expect(report.violations.filter((violation) => violation.includes('compose.ts'))).toEqual([])
  })

  it('read every source file, in the fixture and in the project', async () => {
    const project = await checkFences(root)
    expect([report.unread, project.unread]).toEqual([[], []])
    expect(project.modules).toBeGreaterThan(20)
  })
})
