/** `npm run demo`: orders through Kafka, Lambda and DynamoDB on this machine, with two kills on the way. */
import { mkdir, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { MissingPartError } from '../test/support/real-parts/missing-part-error.ts'
import { findProblems } from './checks.ts'
import { type Options, parseOptions, usage } from './options.ts'
import { renderReport } from './report.ts'
import { runOrders } from './run-orders.ts'
import { Screen } from './terminal/screen.ts'
import { paint } from './terminal/style.ts'

const logDirectory = fileURLToPath(new URL('../.cache/demo/', import.meta.url))
const exitCodes = { fine: 0, off: 1, wrongUsage: 2, interrupted: 130 } as const

async function main(): Promise<number> {
  const options = optionsOrUsage()
  if (typeof options === 'number') return options
  const screen = new Screen()
  const stopping = new AbortController()
  const interrupted = interruption(stopping, screen)
  await rm(logDirectory, { recursive: true, force: true })
  await mkdir(logDirectory, { recursive: true })
  screen.line()
  screen.line(`  ${paint('bold', 'Fermata')} ${paint('dim', 'durable handlers on AWS Lambda')}`)
  screen.line()
  const closing = new AsyncDisposableStack()
  try {
    const run = demo(options, screen, closing, stopping.signal)
    return await Promise.race([run, interrupted])
  } catch (error) {
    screen.close()
    screen.line()
    screen.line(`  ${paint(['red', 'bold'], '✗')} ${describe(error)}`)
    screen.line()
    return exitCodes.off
  } finally {
    screen.close()
    await closing.disposeAsync()
  }
}

async function demo(
  options: Options,
  screen: Screen,
  closing: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<number> {
  const run = await runOrders({ ...options, logDirectory, closing, screen, signal })
  const problems = findProblems(run)
  for (const line of renderReport(run, problems)) screen.line(line)
  if (problems.length === 0) return exitCodes.fine
  screen.line(`  The logs of the orchestrators are in ${logDirectory}`)
  screen.line()
  return exitCodes.off
}

function optionsOrUsage(): Options | number {
  try {
    const options = parseOptions(process.argv.slice(2))
    if (!options.help) return options
    process.stdout.write(`${usage}\n`)
    return exitCodes.fine
  } catch (error) {
    process.stderr.write(`${describe(error)}\n\n${usage}\n`)
    return exitCodes.wrongUsage
  }
}

/** The first Ctrl-C stops everything in order, a second one at once. */
function interruption(stopping: AbortController, screen: Screen): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping.signal.aborted) process.exit(exitCodes.interrupted)
      stopping.abort()
      screen.close()
      screen.line('  Stopping …')
      screen.mute()
      resolve(exitCodes.interrupted)
    })
  }
  return promise
}

function describe(error: unknown): string {
  if (error instanceof MissingPartError) return `The demo cannot start ${error.message}`
  return error instanceof Error ? error.message : String(error)
}

// What was started and could not be registered yet goes with this process.
process.exit(await main())
