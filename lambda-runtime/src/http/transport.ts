import { definitionsByName } from '../definition.ts'
import { toFailure } from '../failure.ts'
import { manifestOf } from '../manifest.ts'
import { httpTransport } from '../protocol/http.ts'
import { decodeRequest, type InvokeRequest, ProtocolError } from '../protocol/index.ts'
import type { HandlerJournal } from '../replay/ports.ts'
import type { AttemptDeps, runAttempt } from '../replay/run-attempt.ts'
import type { Definition } from '../types/definition.ts'
import type { Log } from '../types/log.ts'
import { Attempts } from './attempts.ts'
import type { ResolvedHttpOptions } from './options.ts'
import { isProblemCode, type Problem, problem, problemType, Refusal } from './problem.ts'
import { createVerifier, type Verifier } from './verifier.ts'

/** One request, whatever server it came by. */
export interface HttpCall {
  readonly method: string
  /** `/invoke`, `/discover` or `/health`: the last part of the URL's path. */
  readonly path: string
  readonly signature: string | undefined
  /** @throws Refusal `body-too-large` */
  readonly body: () => Promise<Uint8Array>
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The protocol over HTTP, without a server. */
export interface Transport {
  /** Never rejects. */
  answer(call: HttpCall): Promise<HttpAnswer>
  /** Begins no more attempts; those under way end at their next op. */
  retire(): void
  /** Ends the attempts that are still under way. */
  abandon(): void
}

export interface TransportDeps {
  readonly runAttempt: typeof runAttempt
  readonly journal: (request: InvokeRequest) => HandlerJournal
  readonly payloads: NonNullable<AttemptDeps['payloads']>
  readonly logger: (request: InvokeRequest) => Log
  /** Epoch ms, for signatures. */
  readonly now: () => number
}

type Route = {
  readonly methods: readonly string[]
  readonly answer: (call: HttpCall) => Promise<HttpAnswer>
}

/** @throws UsageError `definition-invalid`, `option-invalid` */
export function createTransport(
  definitions: readonly Definition[],
  options: ResolvedHttpOptions,
  deps: TransportDeps,
): Transport {
  const attempts = new Attempts({
    ...deps,
    ...options,
    definitions: definitionsByName(definitions),
  })
  const routes = routesOf({
    attempts,
    manifest: JSON.stringify(manifestOf(definitions)),
    verifier: options.identity && createVerifier(options.identity, deps.now),
  })
  return {
    retire: () => attempts.retire(),
    abandon: () => attempts.abandon(),
    async answer(call) {
      try {
        const route = routes[call.path]
        if (route === undefined) throw nowhere(call)
        if (!route.methods.includes(call.method)) throw notThus(call, route.methods)
        return await route.answer(call)
      } catch (error) {
        return answerProblem(problemOf(error))
      }
    },
  }
}

type RouteDeps = {
  readonly attempts: Attempts
  readonly manifest: string
  readonly verifier: Verifier | undefined
}

function routesOf({ attempts, manifest, verifier }: RouteDeps): Readonly<Record<string, Route>> {
  const { discoverPath, healthPath, invokePath } = httpTransport
  const bodyOf = async ({ path, signature, body: read }: HttpCall): Promise<Uint8Array> => {
    const body = await read()
    await verifier?.verify({ path, signature, body })
    return body
  }
  return {
    [invokePath]: {
      methods: ['POST'],
      async answer(call) {
        const request = decodeBody(await bodyOf(call))
        if (request.kind === 'discover') return answerJson(200, manifest)
        return answerJson(200, JSON.stringify(await attempts.run(request)))
      },
    },
    [discoverPath]: {
      methods: ['GET', 'POST'],
      async answer(call) {
        const body = await bodyOf(call)
        if (body.byteLength > 0) decodeBody(body)
        return answerJson(200, manifest)
      },
    },
    [healthPath]: {
      methods: ['GET', 'HEAD'],
      answer: async () => {
        const ok = !attempts.isRetired
        return answerJson(ok ? 200 : 503, JSON.stringify({ ok }))
      },
    },
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** @throws ProtocolError, Refusal `bad-request` */
function decodeBody(body: Uint8Array) {
  return decodeRequest(parse(body))
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(body))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Refusal('bad-request', `The body is not JSON in UTF-8: ${reason}`)
  }
}

function answerJson(status: number, body: string): HttpAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body }
}

const worthAnotherTry: ReadonlySet<number> = new Set([429, 503])

export function answerProblem(answer: Problem): HttpAnswer {
  const { status } = answer
  const headers = {
    'content-type': problemType,
    ...(worthAnotherTry.has(status) && { 'retry-after': '1' }),
  }
  return { status, headers, body: JSON.stringify(answer) }
}

function problemOf(error: unknown): Problem {
  if (error instanceof Refusal) return error.problem
  if (error instanceof ProtocolError) {
    return problem(isProblemCode(error.code) ? error.code : 'protocol-shape', error.message)
  }
  const { message, name, stack } = toFailure(error, 'function-failed')
  return problem('function-failed', message, { name, stack })
}

function nowhere({ method, path }: HttpCall): Refusal {
  return new Refusal('not-found', `Nothing answers to ${method} ${path}`)
}

function notThus({ method }: HttpCall, methods: readonly string[]): Refusal {
  return new Refusal('method-not-allowed', `${method} is not served here; ${methods.join(', ')} is`)
}
