import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const colours = process.stdout.isTTY ? [] : ['--colors=off']

/** Everything that has to hold, in the order in which it is cheapest to find out that it does not. */
const steps: Readonly<Record<string, readonly string[]>> = {
  lint: ['biome', 'ci', '--error-on-warnings', '--max-diagnostics=50', ...colours, '.'],
  types: ['tsc', '-b'],
  fences: ['node', 'tools/check-fences.ts'],
  'dead-code': ['knip'],
  packages: ['node', 'tools/check-packages.ts'],
  tests: ['vitest', 'run', '--coverage'],
}

const { values } = parseArgs({
  options: { without: { type: 'string', multiple: true, default: [] } },
})
const unknown = values.without.filter((name) => !(name in steps))
if (unknown.length > 0) {
  console.error(`no such step: ${unknown.join(', ')}; there are ${Object.keys(steps).join(', ')}`)
  process.exit(2)
}

const lines: string[] = []
let failed = false
for (const [name, [command = '', ...args]] of Object.entries(steps)) {
  if (values.without.includes(name)) continue
  console.log(`\n── ${name}: ${[command, ...args].join(' ')}`)
  const started = performance.now()
  // Every step runs, whatever came before it: one run tells all there is to mend.
  const { status } = spawnSync(`node_modules/.bin/${command}`, args, { stdio: 'inherit' })
  const seconds = ((performance.now() - started) / 1_000).toFixed(1)
  lines.push(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`)
  failed ||= status !== 0
}
console.log(`\n${lines.join('\n')}`)
if (failed) process.exitCode = 1
