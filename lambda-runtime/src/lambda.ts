import { createLambdaHost } from './lambda-host.ts'
import { createLambdaHandler } from './middleware/create-lambda-handler.ts'
import { createAttemptPayloads } from './payload/attempt-payloads.ts'
import { runAttempt } from './replay/run-attempt.ts'
import { requestLogger } from './request-logger.ts'
import { createTableJournal } from './table/table-journal.ts'
import type { Definition } from './types/definition.ts'
import type { LambdaHandler } from './types/lambda-handler.ts'

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
    logger: requestLogger,
    payloads: (codec) => createAttemptPayloads({ codec }),
  })
}
