/** The program of a worker process: imports one handler, and runs it for each message. */
import { describeThrown, type FunctionErrorBody, unhandledRejection } from './function-error.ts'
import { createContext, type Handler, loadHandler, runHandler } from './handler-module.ts'
import type { RunMessage, WorkerConfig, WorkerMessage } from './worker-messages.ts'

const config: WorkerConfig = JSON.parse(process.argv[2] ?? '{}')
const exitStatusOfCrash = 128

// The emulator is gone: nobody is left to run for.
process.once('disconnect', () => process.exit(0))
process.on('uncaughtException', (error) => crash(describeThrown(error)))
process.on('unhandledRejection', (reason) => crash(unhandledRejection(reason)))

try {
  const handler = await loadHandler(config.entry, config.exportName)
  process.on('message', (message: RunMessage) => void run(handler, message))
  tell({ kind: 'started' })
} catch (error) {
  tell({ kind: 'start-failed', error: describeThrown(error) }, () => process.exit(1))
}

async function run(handler: Handler, message: RunMessage): Promise<void> {
  const { requestId, arn, deadline, payload } = message
  const context = createContext({ ...config, requestId, arn, deadline })
  const result = await runHandler(handler, JSON.parse(payload), context)
  tell({ kind: 'ended', requestId, result })
}

function crash(error: FunctionErrorBody): void {
  tell({ kind: 'crashed', error }, () => process.exit(exitStatusOfCrash))
}

function tell(message: WorkerMessage, sent: () => void = () => {}): void {
  process.send?.(message, sent)
}
