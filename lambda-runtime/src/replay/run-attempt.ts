import type { RuntimeDefinition, RuntimeHandler } from '../definition.ts'
import { isTerminal, isValueError } from '../errors.ts'
import { toFailure } from '../failure.ts'
import type { InvokeReply, InvokeRequest, ReplyStatus, Segment } from '../protocol/index.ts'
import { validateInput } from '../schema.ts'
import { fromStored, toStored } from '../serde.ts'
import type { Context } from '../types/context.ts'
import type { HandlerCall, Interceptors } from '../types/interceptors.ts'
import type { Log } from '../types/log.ts'
import { decodeValue, encodeValue } from '../values.ts'
import { type Assembly, assemble } from './assemble.ts'
import type { HandlerEnd } from './attempt.ts'
import { JournalAccess } from './journal-access.ts'
import { JournalView } from './journal-view.ts'
import { opening, payloadEnd } from './payload-end.ts'
import type { AttemptPayloads, HandlerHost, HandlerJournal } from './ports.ts'
import { noLog } from './replay-log.ts'
import { endWith, replyOf, unreachable } from './reply.ts'
import { resolveTuning, type Tuning } from './tuning.ts'

export type AttemptDeps = {
  readonly host: HandlerHost
  /** Opened at the first use: most attempts need none. */
  readonly journal: (request: InvokeRequest) => HandlerJournal
  /** How values are stored; as they are, if absent. */
  readonly payloads?: (request: InvokeRequest) => Promise<AttemptPayloads | undefined>
  readonly logger?: Log
  /** Around what the definition has around its handlers. */
  readonly around?: Interceptors
  readonly tuning?: Partial<Tuning>
  /** Ends the attempt where it stands; nobody reads its reply any more. */
  readonly givenUp?: AbortSignal
}

/**
 * Works on a journal: replays it, goes on from there as far as it gets, and says how it ended. It never
 * throws; what user code and the journal throw becomes a reply.
 */
export async function runAttempt(
  request: InvokeRequest,
  definitions: ReadonlyMap<string, RuntimeDefinition>,
  deps: AttemptDeps,
): Promise<InvokeReply> {
  const writer = deps.host.nonce()
  const answer = (status: ReplyStatus): InvokeReply => replyOf({ request, writer }, status, [])
  try {
    const definition = definitions.get(request.target.service)
    const handler = definition?.handlers.get(request.target.handler)
    if (definition === undefined || handler === undefined) return answer(notServed(request))
    const payloads = await deps.payloads?.(request)
    const opened = (await payloads?.openRequest(request)) ?? request
    return await attempt(opened, { definition, handler, writer, payloads }, deps)
  } catch (error) {
    const failed = { kind: 'retry', failure: toFailure(error, 'internal') } as const
    return answer(payloadEnd(error) ?? failed)
  }
}

type Served = {
  readonly definition: RuntimeDefinition
  readonly handler: RuntimeHandler
  readonly writer: string
  readonly payloads: AttemptPayloads | undefined
}

async function attempt(
  request: InvokeRequest,
  served: Served,
  deps: AttemptDeps,
): Promise<InvokeReply> {
  const { host, logger = noLog } = deps
  const { writer, payloads } = served
  const tuning = resolveTuning(deps.tuning ?? {}, host.remainingMs())
  const journal = new JournalAccess(opening(deps.journal, payloads), request, host, tuning)
  const answer = (status: ReplyStatus): InvokeReply => replyOf({ request, writer }, status, [])
  const segments = await wholeJournal(request, journal).catch((cause: unknown) => ({ cause }))
  if ('cause' in segments) {
    return answer(payloadEnd(segments.cause) ?? unreachable(segments.cause))
  }
  const view = new JournalView({ epoch: request.epoch, writer }, segments)
  if (view.isFenced) return answer({ kind: 'fenced' })
  const { created } = view
  if (created === undefined) return answer(unreadable(request))
  const around = nest(deps.around ?? {}, served.definition.around)
  const { kind } = served.definition
  const parts = assemble({
    served: { kind, mode: served.handler.mode },
    ...{ request, created, view, writer, host, journal, payloads, tuning, log: logger },
    aroundRun: around.run,
  })
  const call = { ctx: parts.ctx, ...request.target }
  void runHandler(served.handler, call, created.input, around.handler).then(parts.end)
  const giveUp = () =>
    parts.end({ kind: 'retry', failure: toFailure(deps.givenUp?.reason, 'timeout') })
  deps.givenUp?.addEventListener('abort', giveUp)
  const status = await parts.attempt.run()
  return conclude(status, { request, writer, payloads, tuning, journal, logger, parts })
}

type Conclusion = {
  readonly request: InvokeRequest
  readonly writer: string
  readonly payloads: AttemptPayloads | undefined
  readonly tuning: Tuning
  readonly journal: JournalAccess
  readonly logger: Log
  readonly parts: Assembly
}

/** From here on nothing that user code does counts. What executes is told so, and is not waited for. */
async function conclude(status: ReplyStatus, conclusion: Conclusion): Promise<InvokeReply> {
  const { request, writer, payloads, tuning, journal, logger, parts } = conclusion
  const unstarted = parts.close()
  if (status.kind === 'completed' && unstarted.length > 0) {
    logger.warn({ steps: unstarted }, 'The handler returned before these steps were started')
  }
  const { outbox, keepAlive } = parts
  const reply = await endWith(status, {
    ...{ request, writer, outbox, payloads },
    appendsItsEnd: keepAlive.hasSpoken,
    maxSegmentBytes: tuning.maxSegmentBytes,
    maxReplyBytes: tuning.maxReplyBytes,
  })
  journal.close()
  return reply
}

/** The request's journal, with the middle that was too long to be sent. */
async function wholeJournal(
  { journal, journalFrom }: InvokeRequest,
  access: HandlerJournal,
): Promise<readonly Segment[]> {
  const [first, ...newest] = journal
  if (journalFrom === undefined || first === undefined) return journal
  const middle = (await access.tail(1, journalFrom)).slice(0, journalFrom - 1)
  if (middle.length === journalFrom - 1) return [first, ...middle, ...newest]
  throw new Error(`The journal ends at segment ${middle.length}, and goes on at ${journalFrom}`)
}

/** Decodes, validates, calls; whatever is thrown, an end comes of it. It never rejects. */
async function runHandler(
  { fn, input: schema, serdes }: RuntimeHandler,
  call: Omit<HandlerCall, 'input'> & { readonly ctx: Context },
  stored: Parameters<typeof decodeValue>[0],
  around: Required<Around>['handler'],
): Promise<HandlerEnd> {
  try {
    const decoded = fromStored(serdes.input, decodeValue(stored))
    const input = schema === undefined ? decoded : await validateInput(schema, decoded)
    const value = await around({ ...call, input }, async () => fn(call.ctx as never, input))
    return { kind: 'completed', value: encodeValue(toStored(serdes.output, value)) }
  } catch (error) {
    const failure = toFailure(error, 'handler-failed')
    const isFinal = isTerminal(error) || isValueError(error)
    return isFinal ? { kind: 'failed', failure } : { kind: 'retry', failure }
  }
}

type Around = { readonly [K in keyof Interceptors]-?: NonNullable<Interceptors[K]> }

/** The function's interceptors go around those of the definition. */
function nest(outer: Interceptors, inner: Interceptors): Around {
  const pass = (_: unknown, next: () => Promise<unknown>): Promise<unknown> => next()
  const { handler: outerHandler = pass, run: outerRun = pass } = outer
  const { handler: innerHandler = pass, run: innerRun = pass } = inner
  return {
    handler: (call, next) => outerHandler(call, () => innerHandler(call, next)),
    run: (call, next) => outerRun(call, () => innerRun(call, next)),
  }
}

function notServed({ target }: InvokeRequest): ReplyStatus {
  const failure = {
    code: 'handler-not-found',
    message: `This deployment does not serve ${target.service}/${target.handler}`,
  }
  return { kind: 'paused', failure }
}

function unreadable({ invocation }: InvokeRequest): ReplyStatus {
  const failure = {
    code: 'journal-corrupt',
    message: `The journal of ${invocation} does not say what was invoked`,
  }
  return { kind: 'paused', failure }
}
