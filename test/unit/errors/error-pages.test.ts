import { readdir, readFile } from 'node:fs/promises'
import {
  type ErrorCode,
  errorCatalogue,
  FermataError,
  foreignTitles,
  titleOf,
} from '@fermata/orchestrator/domain/errors'
import { describe, expect, it } from 'vitest'
import { sdkErrorCodes } from '../../../lambda-runtime/src/error-codes.ts'

const pages = new URL('../../../docs/errors/', import.meta.url)
const sources = ['lambda-runtime/src/', 'orchestrator/src/'].map(
  (folder) => new URL(`../../../${folder}`, import.meta.url),
)
const catalogue: Readonly<Record<string, { readonly status: number; readonly title: string }>> =
  errorCatalogue
const codes = [...Object.keys(errorCatalogue), ...Object.keys(foreignTitles)].sort()

const page = (name: string) => readFile(new URL(`${name}.md`, pages), 'utf8')

function statusOf(code: string): number | undefined {
  return catalogue[code]?.status
}

describe('the pages of the errors', () => {
  it('are one for each code, no more and no less', async () => {
    const files = await readdir(pages)
    expect(files.sort()).toEqual(['README.md', ...codes.map((code) => `${code}.md`)].sort())
  })

  it.each(codes)('say what %s is, what happened, and what to do', async (code) => {
    const status = statusOf(code)
    const title = `**${titleOf(code)}.**${status === undefined ? '' : ` HTTP status ${status}.`}`
    const [heading, summary, happened, story, todo, advice] = (await page(code))
      .trim()
      .split('\n\n')
    expect([heading, summary, happened, todo]).toEqual([
      `# ${code}`,
      title,
      '## What happened',
      '## What to do',
    ])
    expect([story, advice].every((text) => text !== undefined && text.length > 10)).toBe(true)
  })

  it('are listed in the index, with title and status', async () => {
    const index = await page('README')
    const rows = index.split('\n').filter((line) => line.startsWith('| ['))
    expect(rows).toEqual(
      codes.map((code) => `| [${code}](${code}.md) | ${titleOf(code)} | ${statusOf(code) ?? ''} |`),
    )
  })
})

describe('the catalogue of errors', () => {
  it('knows every code of the handler’s side', () => {
    const unknown = Object.keys(sdkErrorCodes).filter((code) => titleOf(code) === undefined)
    expect(unknown).toEqual([])
  })

  it('knows no code that nobody uses, and every code that an error is made with', async () => {
    const text = (await Promise.all(sources.map(readSources))).join('\n')
    const made = [...text.matchAll(/new (?:Protocol|Fermata|Table)Error\(\s*'([a-z-]+)'/g)]
    const unknown = made.map(([, code]) => code ?? '').filter((code) => titleOf(code) === undefined)
    expect(unknown).toEqual([])
    const unused = codes.filter((code) => text.split(`'${code}'`).length < 2)
    // Keys without a dash stand there without quotes.
    expect(unused.filter((code) => code.includes('-'))).toEqual([])
  })

  it('gives an error its status, and a failure for the journal', () => {
    const cause = new Error('why')
    const error = new FermataError('overloaded', 'come again', { cause })
    expect([error.status, error.cause, error.name]).toEqual([429, cause, 'FermataError'])
    expect(error.toFailure()).toEqual({ code: 'overloaded', message: 'come again', status: 429 })
  })

  it('has errors of HTTP, each with a sentence for a title', () => {
    for (const code of Object.keys(errorCatalogue) as ErrorCode[]) {
      const { status, title } = errorCatalogue[code]
      expect(status >= 400 && status <= 599).toBe(true)
      expect(title).toMatch(/^[A-Z].*[^.]$/)
    }
  })

  it('has no title for a code of a user', () => {
    expect([titleOf('out-of-stock'), titleOf('toString'), titleOf('terminal')]).toEqual([
      undefined,
      undefined,
      'The handler failed for good',
    ])
  })
})

async function readSources(folder: URL): Promise<string> {
  const files = await readdir(folder, { recursive: true })
  const names = files.filter((file) => file.endsWith('.ts'))
  return (await Promise.all(names.map((name) => readFile(new URL(name, folder), 'utf8')))).join(
    '\n',
  )
}
