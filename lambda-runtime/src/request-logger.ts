import { createLogger } from './logger.ts'
import type { InvokeRequest } from './protocol/index.ts'
import type { Log } from './types/log.ts'

/** One JSON line on stdout per message, with the invocation that it is about. */
export function requestLogger({ invocation, attempt, target }: InvokeRequest): Log {
  return createLogger(
    { write: (line) => process.stdout.write(`${line}\n`), now: () => Date.now() },
    { invocation, attempt, handler: `${target.service}/${target.handler}` },
  )
}
