import { chmodSync, copyFileSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { requireBanner } from './discover-services.ts'

/** What the image runs, in its working directory; the same as in its Dockerfile. */
export const imageCommand: readonly string[] = [
  'node',
  '--disable-warning=TimeoutNegativeWarning',
  'fermata.mjs',
]

const dockerfile = fileURLToPath(new URL('../image/Dockerfile', import.meta.url))

/**
 * Puts the build context of the orchestrator's image together: its Dockerfile, and the whole program as one file. The
 * same input gives the same bytes.
 */
export function assembleImage(directory: string): void {
  mkdirSync(directory, { recursive: true })
  copyFileSync(dockerfile, join(directory, 'Dockerfile'))
  const outfile = join(directory, 'fermata.mjs')
  const entry = fileURLToPath(import.meta.resolve('@fermata/orchestrator/main'))
  const fromSource = entry.endsWith('.ts')
  if (!existsSync(entry)) throw new Error(`${entry} is missing: build the orchestrator first`)
  buildSync({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    conditions: fromSource ? ['source'] : [],
    banner: { js: requireBanner },
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'eof',
    logLevel: 'error',
  })
  // The image takes over who may read it, and runs as somebody else than who owns it there.
  chmodSync(outfile, 0o644)
}
