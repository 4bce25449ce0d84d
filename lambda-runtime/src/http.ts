import { fetchHandlerOf } from './http/fetch-adapter.ts'
import {
  type HttpHandlerOptions,
  type ResolvedHttpOptions,
  resolveHttpOptions,
} from './http/options.ts'
import type { HandlerServer, ServeOptions } from './http/server.ts'
import { createTransport, type Transport } from './http/transport.ts'
import { createAttemptPayloads } from './payload/attempt-payloads.ts'
import { runAttempt } from './replay/run-attempt.ts'
import { requestLogger } from './request-logger.ts'
import { createTableJournal } from './table/table-journal.ts'
import type { Definition } from './types/definition.ts'

export type { HttpHandlerOptions, IdentityOptions } from './http/options.ts'
export type { HandlerServer, ServeOptions } from './http/server.ts'
export type { Credentials } from './table/environment.ts'

/**
 * Serves these definitions over HTTP: register the server's URL with the orchestrator.
 *
 * @example
 * const server = await serve([checkout, cart], { port: 9080 })
 * process.once('SIGTERM', () => server.close())
 * @throws UsageError `definition-invalid`, `option-invalid`; also when it cannot listen
 */
export async function serve(
  definitions: readonly Definition[],
  options: ServeOptions = {},
): Promise<HandlerServer> {
  const resolved = resolveHttpOptions(options)
  // Who has a server already does not load this one.
  const { serveTransport } = await import('./http/server.ts')
  return serveTransport(transportOf(definitions, resolved), { ...options, ...resolved })
}

/**
 * The handlers as a function from request to response, for a server that you have already. Mount it below any path:
 * it answers to `…/invoke`, `…/discover` and `…/health`, and the path before is part of the URL that you register.
 *
 * @example
 * const answer = createFetchHandler([checkout, cart])
 * export default { fetch: answer }
 * @throws UsageError `definition-invalid`, `option-invalid`
 */
export function createFetchHandler(
  definitions: readonly Definition[],
  options: HttpHandlerOptions = {},
): (request: Request) => Promise<Response> {
  const resolved = resolveHttpOptions(options)
  return fetchHandlerOf(transportOf(definitions, resolved), resolved.maxBodyBytes)
}

/** With the table for journals, and stdout for logs. */
function transportOf(definitions: readonly Definition[], options: ResolvedHttpOptions): Transport {
  const { codec, credentials } = options
  return createTransport(definitions, options, {
    runAttempt,
    journal: (request) => createTableJournal(request, { credentials }),
    payloads: createAttemptPayloads({ codec: () => codec, credentials }),
    logger: requestLogger,
    now: () => Date.now(),
  })
}
