import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { median, round } from './statistics.ts'

export type SdkResult = {
  /** A bundled function with one handler, gzipped, bytes. */
  readonly gzipBytes: number
  /** Loading that bundle, on top of an empty module, ms. */
  readonly importMs: number
}

const runs = 11
const run = promisify(execFile)

/** What the SDK adds to a cold start: bytes to fetch, time to load. Measured on a bundle, as functions are deployed. */
export async function benchSdk(): Promise<SdkResult> {
  const folder = await mkdtemp(join(tmpdir(), 'fermata-bench-'))
  try {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL('./functions/steps.ts', import.meta.url))],
      bundle: true,
      minify: true,
      platform: 'node',
      format: 'esm',
      conditions: ['source'],
      write: false,
    })
    const code = outputFiles[0]?.contents ?? new Uint8Array()
    const bundle = join(folder, 'bundle.mjs')
    const empty = join(folder, 'empty.mjs')
    await writeFile(bundle, code)
    await writeFile(empty, '')
    const loads: number[] = []
    for (let n = 0; n < runs; n++) loads.push((await loadMs(bundle)) - (await loadMs(empty)))
    return { gzipBytes: gzipSync(code).length, importMs: round(median(loads), 2) }
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function loadMs(module: string): Promise<number> {
  const script = `const t = performance.now(); await import(${JSON.stringify(module)}); console.log(performance.now() - t)`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script])
  return Number(stdout)
}
