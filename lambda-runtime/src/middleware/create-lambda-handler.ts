import middy from '@middy/core'
import { definitionsByName, type RuntimeDefinition } from '../definition.ts'
import { manifestOf } from '../manifest.ts'
import type { InvokeReply, InvokeRequest, Manifest } from '../protocol/index.ts'
import type { AttemptPayloads, HandlerHost, HandlerJournal } from '../replay/ports.ts'
import type { Definition } from '../types/definition.ts'
import type { Interceptors } from '../types/interceptors.ts'
import type { LambdaHandler } from '../types/lambda-handler.ts'
import type { Log } from '../types/log.ts'
import type { PayloadCodec } from '../types/payload-codec.ts'
import { composeInterceptors } from './compose-interceptors.ts'
import { readRequest } from './read-request.ts'

export interface LambdaDeps {
  readonly runAttempt: (
    request: InvokeRequest,
    definitions: ReadonlyMap<string, RuntimeDefinition>,
    deps: AttemptDeps,
  ) => Promise<InvokeReply>
  readonly host: (context: unknown) => HandlerHost
  readonly journal: (request: InvokeRequest) => HandlerJournal
  readonly logger: (request: InvokeRequest) => Log
  /** `codec` answers what the function was given, at each attempt anew. */
  readonly payloads?: (codec: () => PayloadCodec | undefined) => OpenPayloads
}

type OpenPayloads = (request: InvokeRequest) => Promise<AttemptPayloads | undefined>

interface AttemptDeps {
  readonly host: HandlerHost
  readonly journal: (request: InvokeRequest) => HandlerJournal
  readonly logger: Log
  readonly around: Interceptors
  readonly payloads?: OpenPayloads
}

/** `lambda()` with its surroundings passed in. @throws UsageError `definition-invalid` */
export function createLambdaHandler(
  definitions: readonly Definition[],
  deps: LambdaDeps,
): LambdaHandler {
  const byName = definitionsByName(definitions)
  const manifest = manifestOf(definitions)
  const layers: Interceptors[] = []
  let codec: PayloadCodec | undefined
  const payloads = deps.payloads?.(() => codec)

  const answer = async (event: unknown, context: unknown): Promise<Manifest | InvokeReply> => {
    const request = readRequest(event)
    if (request.kind === 'discover') return manifest
    return deps.runAttempt(request, byName, {
      host: deps.host(context),
      journal: deps.journal,
      logger: deps.logger(request),
      around: composeInterceptors(layers),
      ...(payloads !== undefined && { payloads }),
    })
  }
  // An attempt yields before the deadline by itself: middy's own early timeout would only lose its reply.
  // No types of middy in public signatures.
  const handler = Object.assign(middy(answer, { timeoutEarlyInMillis: 0 }), {
    around(interceptors: Interceptors): LambdaHandler {
      layers.push(interceptors)
      return handler
    },
    codec(given: PayloadCodec): LambdaHandler {
      codec = given
      return handler
    },
  }) as unknown as LambdaHandler
  return handler
}
