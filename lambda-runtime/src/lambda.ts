import { createLambdaHost } from './lambda-host.ts'
import { createLogger } from './logger.ts'
import { createLambdaHandler } from './middleware/create-lambda-handler.ts'
import type { InvokeRequest } from './protocol/index.ts'
import { runAttempt } from './replay/run-attempt.ts'
import { createTableJournal } from './table/table-journal.ts'
import type { Definition } from './types/definition.ts'
import type { LambdaHandler } from './types/lambda-handler.ts'
import type { Log } from './types/log.ts'

export type { LambdaHandler, Middleware, MiddlewareRequest } from './types/lambda-handler.ts'

/**
 * Serves these definitions as a Lambda function.
 *
 * @example export const handler = lambda(checkout, inventory)
 * @throws UsageError `definition-invalid` when two have one name
 */
export function lambda(...definitions: readonly Definition[]): LambdaHandler {
  return createLambdaHandler(definitions, {
    runAttempt,
    host: createLambdaHost,
    journal: createTableJournal,
    logger: loggerFor,
  })
}

function loggerFor({ invocation, attempt, target }: InvokeRequest): Log {
  return createLogger(
    { write: (line) => process.stdout.write(`${line}\n`), now: () => Date.now() },
    { invocation, attempt, handler: `${target.service}/${target.handler}` },
  )
}
