import type { InvocationId, Outcome, Target } from '@fermata/lambda-runtime/protocol'
import { idempotentId, invocationIdFrom, workflowRunId } from '@fermata/lambda-runtime/protocol'
import { FermataError } from '../../domain/errors.ts'
import type { Ingress, Submission, Submitted } from '../../ports/index.ts'
import { collectSubmission } from '../collect/collect-submission.ts'
import type { EngineDeps } from '../invocations/engine-deps.ts'
import type { Invocations } from '../invocations/invocations.ts'
import type { JournalSession } from '../invocations/journal-session.ts'
import { isKeyed, modeOf } from '../objects/mode.ts'
import { isReleased, lookUp } from '../objects/queued.ts'
import { readAwakeableId, unknownAwakeable } from './awakeable-ids.ts'
import { notFound } from './invocation-errors.ts'
import { mediaOf } from './media.ts'
import { createNews } from './news-service.ts'

export type IngressOptions = {
  /** Accepted invocations of one service that may wait for a permit: no other has to wait for them (INV-11). */
  readonly maxQueued: number
  readonly ready: () => boolean
}

const idBytes = 17
const firstLookMs = 250
const maxLookMs = 2_000
/** Made once: a reason of its own for each abort would cost a stack trace each. */
const outcomeIsThere = new Error('The outcome is there')

/** What the outside asks of invocations, as the HTTP ingress offers it. */
export function createIngress(
  deps: EngineDeps,
  invocations: Invocations,
  options: IngressOptions,
): Ingress {
  return {
    async submit(submission) {
      await admit(deps, invocations, submission, options)
      return submit(deps, invocations, submission)
    },
    async collect(submission, how) {
      await admit(deps, invocations, submission, options)
      return collectSubmission(deps, invocations, submission, how)
    },
    attach: (id, signal) => attach(deps, id, signal),
    output: (id) => output(deps, id),
    mediaOf: (of) => mediaOf(deps, of),
    ...createNews(deps, invocations),
    completeAwakeable: (id, outcome, key) =>
      completeAwakeable(deps, invocations, id, { outcome, key }),
  }
}

async function admit(
  { directory }: EngineDeps,
  invocations: Invocations,
  { target }: Submission,
  { maxQueued, ready }: IngressOptions,
): Promise<void> {
  if (!ready()) {
    throw new FermataError('not-ready', 'This replica is starting or stopping: try again')
  }
  const name = `${target.service}/${target.handler}`
  const deployment = await directory.resolve(target)
  if (deployment === undefined || directory.policyOf(target, deployment).private) {
    throw new FermataError('handler-not-found', `No deployment serves ${name}`)
  }
  checkKey(target, modeOf(deployment, target))
  const waiting = invocations.waitingOf(target.service)
  if (waiting >= maxQueued) {
    const message = `${waiting} invocations of ${target.service} wait for a permit already: try again later`
    throw new FermataError('overloaded', message)
  }
}

/** Objects and workflows are called with a key, services without one. */
function checkKey({ service, handler, key }: Target, mode: ReturnType<typeof modeOf>): void {
  const isWithKey = mode !== undefined && isKeyed(mode)
  if (isWithKey === (key !== undefined)) return
  const how = isWithKey
    ? `has a key: call it at /${service}/{key}/${handler}`
    : `has no key: call it at /${service}/${handler}`
  throw new FermataError('handler-not-found', `${service}/${handler} ${how}`)
}

async function submit(
  deps: EngineDeps,
  invocations: Invocations,
  { target, input, headers, idempotencyKey, delayMs }: Submission,
): Promise<Submitted> {
  const given = idempotencyKey === undefined ? undefined : idempotentId(target, idempotencyKey)
  const id = workflowRunId(target) ?? given ?? invocationIdFrom(target, deps.random.bytes(idBytes))
  const notBefore = delayMs === undefined ? undefined : deps.clock.now() + delayMs
  const { status } = await invocations.create(
    {
      id,
      target,
      input,
      headers,
      origin: { kind: 'http' },
      idempotencyKey,
      notBefore,
      minRetentionMs: 0,
    },
    { source: idempotencyKey === undefined ? 'asks-once' : 'asks-again', permit: undefined },
  )
  return { invocationId: id, status: status === 'accepted' ? 'accepted' : 'previously_accepted' }
}

async function output(deps: EngineDeps, id: InvocationId): Promise<Outcome | undefined> {
  const state = await deps.sessions.use(id, (session) => lookUp(deps, session))
  if (state === undefined) {
    throw notFound(id)
  }
  if (state.phase.kind !== 'closed' || !(await isReleased(deps, state))) return undefined
  return state.phase.outcome
}

/** Told at once of what ends in this replica; of what may end elsewhere, it learns by looking. */
async function attach(deps: EngineDeps, id: InvocationId, signal: AbortSignal): Promise<Outcome> {
  const told = new AbortController()
  let outcome: Outcome | undefined
  const stop = deps.waiters.wait(id, (closed) => {
    outcome = closed
    told.abort(outcomeIsThere)
  })
  const either = AbortSignal.any([signal, told.signal])
  try {
    for (let delayMs = firstLookMs; ; delayMs = Math.min(delayMs * 2, maxLookMs)) {
      const runsHere = deps.sessions.peek(id)?.busy === true
      if (!runsHere) outcome ??= await output(deps, id)
      if (outcome !== undefined) return outcome
      await deps.clock.sleep(delayMs, either)
      if (outcome === undefined) signal.throwIfAborted()
    }
  } finally {
    stop()
  }
}

/** An id may be out in the world before its op is durable: an op that the journal does not know yet is taken. */
async function completeAwakeable(
  deps: EngineDeps,
  invocations: Invocations,
  text: string,
  { outcome, key }: { readonly outcome: Outcome; readonly key: string | undefined },
): Promise<void> {
  const { invocation, op } = readAwakeableId(text)
  const completion = { kind: 'completion', op, outcome, by: 'awakeable-id', key } as const
  const told = await deps.sessions.use(invocation, async (session) => {
    const state = await session.refresh()
    const isOther = state !== undefined && op < state.ops && !state.awakeables.has(op)
    if (state === undefined || isOther) throw unknownAwakeable(text)
    const answer = await invocations.stimulate(invocation, completion, 'asks-once')
    return answer && { ...answer, by: keyOf(session, op) }
  })
  if (told === undefined) throw unknownAwakeable(text)
  if (told.appended || (key !== undefined && told.by === key)) return
  const why = told.state.settled.has(op)
    ? 'was completed before'
    : 'belongs to an invocation that has ended'
  throw new FermataError('awakeable-completed', `The awakeable "${text}" ${why}`)
}

/** With which key the completion that counts was brought. */
function keyOf({ segments }: JournalSession, op: number): string | undefined {
  const entries = segments.flatMap((segment) => segment.entries)
  const first = entries.find((entry) => entry.kind === 'completion' && entry.op === op)
  return first?.kind === 'completion' ? first.key : undefined
}
