import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { apiReport, constructsReport, holdReport } from './api-report.ts'
import { packLibrary } from './packed-library.ts'

const { values } = parseArgs({
  options: { update: { type: 'boolean', default: false }, only: { type: 'string' } },
})

await using library = await packLibrary()
const outcomes: Record<string, boolean> = {}
if (values.only !== 'api') {
  outcomes['publint'] = await lintPackage()
  outcomes['attw'] = command(
    'attw',
    library.tarball,
    '--profile',
    'esm-only',
    '--format',
    'ascii',
    '--no-emoji',
    '--no-color',
  )
  outcomes['size'] = command('size-limit')
}
outcomes['api report'] = await holdReport(
  'lambda-runtime/api-report.md',
  await apiReport(library),
  values.update,
)
outcomes['api report of the constructs'] = await holdReport(
  'cdk/api-report.md',
  await constructsReport(),
  values.update,
)
for (const [check, ok] of Object.entries(outcomes))
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${check}`)
if (Object.values(outcomes).includes(false)) process.exitCode = 1

async function lintPackage(): Promise<boolean> {
  const tarball = (await readFile(library.tarball)).buffer as ArrayBuffer
  const { messages, pkg } = await publint({ pack: { tarball }, strict: true })
  for (const message of messages)
    console.error(`publint: ${formatMessage(message, pkg, { color: false })}`)
  return messages.every(({ type }) => type === 'suggestion')
}

/** What a tool says is worth reading when it complains; the sizes always are. */
function command(name: string, ...args: readonly string[]): boolean {
  const { status, stdout, stderr } = spawnSync(`node_modules/.bin/${name}`, args, {
    encoding: 'utf8',
  })
  if (status !== 0) console.error(stdout, stderr)
  else if (name === 'size-limit') console.log(stdout)
  return status === 0
}
