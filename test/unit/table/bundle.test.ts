import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'fermata-bundle-'))
})
afterAll(() => rm(directory, { recursive: true }))

/** A function that reads the tail of its journal and prints the first word of what it signed with. */
const program = `
  import { createTableJournal } from '@fermata/lambda-runtime/table'
  const keys = { AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's' }
  const channel = { kind: 'dynamodb', table: 't', region: 'eu-west-1' }
  const request = { invocation: 'orders.1', journal: [{ born: 'b' }], channel }
  createTableJournal(request, {
    environment: () => keys,
    async fetch(url, { headers }) {
      console.log(new Headers(headers).get('authorization').split(' ')[0])
      return new Response('{}')
    },
  }).tail(1)
`

test.each([
  ['esm', 'mjs'],
  ['cjs', 'cjs'],
] as const)('bundles into %s, small and without an AWS client, and runs', async (format, ext) => {
  const outfile = join(directory, `bundle.${ext}`)
  const { outputFiles, metafile } = await build({
    stdin: { contents: program, resolveDir: import.meta.dirname },
    bundle: true,
    conditions: ['source'],
    format,
    metafile: true,
    minify: true,
    outfile,
    platform: 'node',
    write: false,
  })
  const packages = Object.keys(metafile.inputs).flatMap(
    (path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [],
  )
  expect(new Set(packages)).toEqual(new Set(['aws4fetch', 'valibot']))
  const [bundle] = outputFiles
  if (bundle === undefined) throw new Error('esbuild answers one file')
  expect(gzipSync(bundle.contents).length).toBeLessThan(13_000)

  await writeFile(outfile, bundle.contents)
  expect((await run(process.execPath, [outfile])).stdout).toBe('AWS4-HMAC-SHA256\n')
})
