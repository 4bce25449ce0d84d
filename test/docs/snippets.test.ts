import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { afterAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const scratch = join(root, '.cache', `snippets-${process.pid}`)

const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => join('docs', name))]
const texts = pages
  .filter((page) => page.endsWith('.md'))
  .map((page) => ({ page, text: readFileSync(join(root, page), 'utf8') }))

function blocks(text: string, language: string): readonly string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(
    ([, code = '']) => code,
  )
}

/** What the compiler says of these sources, each a module of its own beside the workspaces. */
function mistakesIn(sources: ReadonlyMap<string, string>): readonly string[] {
  mkdirSync(scratch, { recursive: true })
  const files = [...sources].map(([name, code]) => {
    const file = join(scratch, name)
    writeFileSync(file, code)
    return file
  })
  const base = ts.readConfigFile(join(root, 'tsconfig.base.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(base.config, ts.sys, root)
  const program = ts.createProgram(files, {
    ...options,
    composite: false,
    declaration: false,
    declarationMap: false,
    isolatedDeclarations: false,
    incremental: false,
    noEmit: true,
    noUnusedLocals: false,
  })
  return ts
    .getPreEmitDiagnostics(program)
    .map((one) => ts.flattenDiagnosticMessageText(one.messageText, '\n'))
}

afterAll(() => rmSync(scratch, { recursive: true, force: true }))

describe('the code in the documentation', () => {
  it('compiles', () => {
    const snippets = texts.flatMap(({ page, text }) =>
      blocks(text, 'ts').map((code, index) => {
        const name = `${page.replaceAll(/[^a-z]/gi, '-')}-${index}.ts`
        return [
          name,
          code.replaceAll("'./outside.ts'", "'../../examples/quickstart/outside.ts'"),
        ] as const
      }),
    )
    expect(snippets.length).toBeGreaterThan(4)
    expect(mistakesIn(new Map(snippets))).toEqual([])
  })

  it('would be seen not to compile', () => {
    const wrong = "import { service } from '@fermata/lambda-runtime'\nservice('a', 1)\n"
    expect(mistakesIn(new Map([['wrong.ts', wrong]]))).not.toEqual([])
  })

  it('shows the quickstart as it stands in examples/', () => {
    const file = readFileSync(join(root, 'examples/quickstart/checkout.ts'), 'utf8')
    expect(blocks(texts[0]?.text ?? '', 'ts')).toContain(file)
  })

  it('is valid JSON where it says so', () => {
    const json = texts.flatMap(({ text }) => blocks(text, 'json'))
    expect(json.length).toBeGreaterThan(0)
    for (const block of json) expect(() => JSON.parse(block)).not.toThrow()
  })

  it('links only to files that are there', () => {
    const dead = texts.flatMap(({ page, text }) =>
      [...text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)]
        .map(([, target = '']) => join(root, page, '..', target))
        .filter(
          (target) =>
            ts.sys.fileExists(target) === false && ts.sys.directoryExists(target) === false,
        )
        .map((target) => `${page}: ${target}`),
    )
    expect(dead).toEqual([])
  })
})
