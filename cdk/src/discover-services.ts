import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { decodeManifest, protocolVersion } from '@fermata/lambda-runtime/protocol'
import { buildSync } from 'esbuild'

export type DiscoverOptions = {
  readonly entry: string
  /** The export that Lambda calls. */
  readonly handler: string
  readonly environment: Readonly<Record<string, string>>
  readonly conditions: readonly string[]
}

const timeoutMs = 20_000

/**
 * Asks handlers what they serve, as the orchestrator will: bundles them, loads the bundle in a process of its own, and
 * invokes it with the protocol's question. Nothing of it runs in this process.
 *
 * @throws Error that says what the process said
 */
export function discoverServices(options: DiscoverOptions): readonly string[] {
  const directory = mkdtempSync(join(tmpdir(), 'fermata-discover-'))
  try {
    const bundle = join(directory, 'index.mjs')
    bundleHandlers(options, bundle)
    const answer = ask(bundle, options)
    return decodeManifest(JSON.parse(answer)).services.map(({ name }) => name)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Some packages are CommonJS yet, and call a `require` that modules do not have. */
export const requireBanner: string =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"

function bundleHandlers({ entry, conditions }: DiscoverOptions, outfile: string): void {
  buildSync({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    conditions: [...conditions],
    banner: { js: requireBanner },
    logLevel: 'silent',
  })
}

function ask(bundle: string, { handler, environment }: DiscoverOptions): string {
  const request = JSON.stringify({ protocol: protocolVersion, kind: 'discover' })
  const context = JSON.stringify({ functionName: 'discover', awsRequestId: 'discover' })
  const program = `
    const { [${JSON.stringify(handler)}]: handler } = await import(${JSON.stringify(pathToFileURL(bundle).href)})
    const context = { ...${context}, getRemainingTimeInMillis: () => ${timeoutMs} }
    const manifest = await handler(${request}, context)
    process.stdout.write(String.fromCharCode(0) + JSON.stringify(manifest), () => process.exit(0))`
  const { status, stdout, stderr, error } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', program],
    {
      encoding: 'utf8',
      timeout: timeoutMs,
      // Nothing of the deployer's: neither credentials nor a region.
      env: { ...environment, FERMATA_DISCOVERING: '1' },
    },
  )
  const answer = stdout?.split('\0').at(1)
  if (status === 0 && answer !== undefined) return answer
  throw new Error(error?.message ?? (stderr.trim() || `it ended with status ${status}`))
}
