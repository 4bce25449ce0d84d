import { build } from 'esbuild'
import { expect, test } from 'vitest'

test.each(['esm', 'cjs'] as const)(
  'bundles into %s without a client or a require of its own',
  async (format) => {
    const entry = "export { createTableJournal } from '@fermata/lambda-runtime/table'"
    const { outputFiles, metafile } = await build({
      stdin: { contents: entry, resolveDir: import.meta.dirname },
      bundle: true,
      conditions: ['source'],
      format,
      metafile: true,
      minify: true,
      platform: 'node',
      write: false,
    })
    const packages = Object.keys(metafile.inputs).flatMap(
      (path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [],
    )

    expect(new Set(packages)).toEqual(new Set(['valibot']))
    expect(outputFiles[0]?.text).not.toContain('Dynamic require')
    expect(outputFiles[0]?.contents.length).toBeLessThan(30_000)
  },
)
