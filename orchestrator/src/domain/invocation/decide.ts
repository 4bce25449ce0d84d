import type {
  Entry,
  EntryOf,
  Failure,
  InvokeReply,
  Outcome,
  Segment,
  Value,
} from '@fermata/lambda-runtime/protocol'
import { voidValue } from '@fermata/lambda-runtime/protocol'
import { decideRetry, type RetryPolicy } from '../retry.ts'
import { dueSleeps, isRunnable, silentAwakeables } from './due.ts'
import { admits, evolve } from './evolve.ts'
import type { InvocationState } from './state.ts'

/** Leave to run one attempt: where, and until when (epoch ms). */
export type Leave = { readonly deployment: string; readonly deadline: number }

export type Context = {
  readonly now: number
  /** Given: a permit is at hand, so what can move may be started (an `attempt` never waits in a queue). */
  readonly leave: Leave | undefined
  readonly retry: RetryPolicy
  /** Uniform in [0, 1): the retry's jitter. */
  readonly chance: number
}

export type Stimulus =
  /** Look at it: do what is due. */
  | { readonly kind: 'wake' }
  | { readonly kind: 'reply'; readonly reply: InvokeReply }
  /** The attempt `epoch` is over without a reply. */
  | { readonly kind: 'attempt-over'; readonly epoch: number; readonly failure: Failure }
  /** The attempt `epoch` is taken for dead: the next one fences it. */
  | { readonly kind: 'attempt-dead'; readonly epoch: number }
  | {
      readonly kind: 'completion'
      readonly op: number
      readonly outcome: Outcome
      /** It came by an awakeable's id, which anybody may have made up. */
      readonly by?: 'awakeable-id'
    }
  | { readonly kind: 'waiter'; readonly invocation: InvokeReply['invocation']; readonly op: number }
  /** `id`: of two signals with one id the first counts. */
  | {
      readonly kind: 'signal'
      readonly name: string
      readonly value: Value
      readonly id: string | undefined
    }
  /** The holder of the awakeable `op` is still at it. */
  | { readonly kind: 'heartbeat'; readonly op: number }
  /** Its handler gets a CancelledError; one that has not started ends at once. */
  | { readonly kind: 'cancel'; readonly reason: string | undefined }
  /** It ends at once, whatever it does. */
  | { readonly kind: 'kill'; readonly reason: string | undefined }
  /** A person ends a pause. */
  | { readonly kind: 'resume' }
  | { readonly kind: 'pause'; readonly reason: Failure }
  /** Its turn has come at last: `created` names its slot. */
  | { readonly kind: 'place'; readonly created: EntryOf<'created'> }

export type Decision = {
  /** What to append, in one segment; empty: nothing. */
  readonly entries: readonly Entry[]
  /** The handler's writer, when the segment is made from its reply. */
  readonly handler?: { readonly writer: string }
}

const nothing: Decision = { entries: [] }

/** What a stimulus makes of an invocation. Pure: the engine appends, or asks again if somebody was faster. */
export function decide(state: InvocationState, stimulus: Stimulus, context: Context): Decision {
  switch (stimulus.kind) {
    case 'wake':
      return { entries: advance(state, context) }
    case 'reply':
      return decideReply(state, stimulus.reply, context)
    case 'attempt-over':
      if (!isRunning(state, stimulus.epoch)) return nothing
      return { entries: [failed(state, stimulus.failure, context)] }
    case 'attempt-dead':
      if (!isRunning(state, stimulus.epoch)) return nothing
      return { entries: nextAttempt(state, context) }
    case 'completion':
      return decideCompletion(state, stimulus, context)
    case 'waiter':
      return decideWaiter(state, stimulus)
    case 'signal':
      return decideSignal(state, stimulus, context)
    case 'heartbeat':
      return state.deadlines.has(stimulus.op) && state.phase.kind !== 'closed'
        ? { entries: [{ kind: 'heartbeat', op: stimulus.op }] }
        : nothing
    case 'cancel':
      return decideCancel(state, stimulus, context)
    case 'kill':
      return decideKill(state, stimulus)
    case 'resume':
      return state.phase.kind === 'paused' ? { entries: nextAttempt(state, context) } : nothing
    case 'pause':
      if (state.phase.kind === 'closed' || state.phase.kind === 'paused') return nothing
      return { entries: [{ kind: 'paused', reason: stimulus.reason }] }
    case 'place':
      return decidePlace(state, stimulus, context)
  }
}

function decidePlace(
  state: InvocationState,
  { created }: Extract<Stimulus, { kind: 'place' }>,
  context: Context,
): Decision {
  if (state.created.slot !== 0 || state.phase.kind === 'closed') return nothing
  return { entries: [created, ...nextAttempt(state, context)] }
}

function isRunning(state: InvocationState, epoch: number): boolean {
  return state.phase.kind === 'running' && state.epoch === epoch
}

/** Due sleeps and the next attempt, if the handler can move and has leave; else nothing at all. */
function advance(state: InvocationState, context: Context): readonly Entry[] {
  if (context.leave === undefined || !isRunnable(state, context.now)) return []
  return [...wakeUps(state, context.now), ...nextAttempt(state, context)]
}

function wakeUps(state: InvocationState, now: number): readonly Entry[] {
  if (state.phase.kind !== 'suspended') return []
  const over: Outcome = { kind: 'value', value: voidValue }
  return [
    ...dueSleeps(state, now).map((op) => completion(op, over)),
    ...silentAwakeables(state, now).map((op) =>
      completion(op, { kind: 'failure', failure: silent }),
    ),
  ]
}

const silent: Failure = {
  code: 'heartbeat-timeout',
  name: 'TimeoutError',
  message: 'The holder of the awakeable showed no sign of life in time',
}

function completion(op: number, result: Outcome): Entry {
  return { kind: 'completion', op, result }
}

function nextAttempt(state: InvocationState, { leave }: Context): readonly Entry[] {
  if (leave === undefined) return []
  return [{ kind: 'attempt', epoch: state.epoch + 1, ...leave }]
}

/** A reply is stored only if it continues exactly what the journal holds of its writer (INV-2). */
function decideReply(state: InvocationState, reply: InvokeReply, context: Context): Decision {
  const fits = admits(state, reply) && (state.lastHandler?.n ?? null) === reply.base
  if (!fits) return nothing
  const end = endOf(state, reply, context)
  if (end === undefined) return nothing
  const own = [...reply.entries, end]
  const after = evolve(state, {
    protocol: 1,
    n: state.next,
    born: state.born,
    epoch: reply.epoch,
    by: 'handler',
    writer: reply.writer,
    at: context.now,
    entries: own,
  })
  const onward = after.phase.kind === 'suspended' ? advance(after, context) : []
  return { entries: [...own, ...onward], handler: { writer: reply.writer } }
}

function endOf(state: InvocationState, reply: InvokeReply, context: Context): Entry | undefined {
  const { status } = reply
  switch (status.kind) {
    case 'suspended':
      return { kind: 'suspended', waitingOn: status.waitingOn }
    case 'completed':
      return { kind: 'output', result: { kind: 'value', value: status.value } }
    case 'failed':
      return { kind: 'output', result: { kind: 'failure', failure: status.failure } }
    case 'retry':
      return failed(afterProgress(state, reply), status.failure, context)
    case 'paused':
      return { kind: 'paused', reason: status.failure }
    case 'fenced':
    case 'appended':
      return undefined
  }
}

/** A step that finished in the failed attempt is progress: the count of failures starts anew. */
function afterProgress(state: InvocationState, reply: InvokeReply): InvocationState {
  const moved = reply.entries.some((entry) => entry.kind === 'run' || entry.kind === 'seen')
  return moved ? { ...state, failures: 0, failingSince: undefined } : state
}

function failed(state: InvocationState, failure: Failure, context: Context): Entry {
  const failingForMs = context.now - (state.failingSince ?? context.now)
  const decision = decideRetry(context.retry, state.failures + 1, failingForMs, context.chance)
  if (decision.kind === 'retry') {
    return { kind: 'attempt-failed', failure, retryAt: context.now + decision.delayMs }
  }
  return context.retry.onExhaustion === 'pause'
    ? { kind: 'paused', reason: failure }
    : { kind: 'output', result: { kind: 'failure', failure } }
}

function decideCompletion(
  state: InvocationState,
  { op, outcome, by }: Extract<Stimulus, { kind: 'completion' }>,
  context: Context,
): Decision {
  const isOther = op < state.ops && !state.awakeables.has(op)
  if (by === 'awakeable-id' && isOther) return nothing
  if (state.phase.kind === 'closed' || state.settled.has(op)) return nothing
  const settled = new Map(state.settled).set(op, outcome.kind)
  return withNews(completion(op, outcome), { ...state, settled }, context)
}

/** The news, and what it sets free. `after`: the state with it. */
function withNews(news: Entry, after: InvocationState, context: Context): Decision {
  const onward = after.phase.kind === 'suspended' ? advance(after, context) : []
  return { entries: [news, ...onward] }
}

function decideSignal(
  state: InvocationState,
  { name, value, id }: Extract<Stimulus, { kind: 'signal' }>,
  context: Context,
): Decision {
  const isKnown = id !== undefined && state.signalIds.has(id)
  if (isKnown || state.phase.kind === 'closed') return nothing
  const news: Entry = { kind: 'signal', name, value, ...(id === undefined ? {} : { id }) }
  return withNews(news, evolve(state, newsSegment(state, news, context)), context)
}

const cancelled: Failure = {
  code: 'cancelled',
  name: 'CancelledError',
  message: 'The invocation was cancelled',
}

function decideCancel(
  state: InvocationState,
  { reason }: Extract<Stimulus, { kind: 'cancel' }>,
  context: Context,
): Decision {
  if (state.phase.kind === 'closed' || state.cancel !== 'none') return nothing
  const news: Entry = { kind: 'cancel', ...(reason === undefined ? {} : { reason }) }
  if (hasDoneNothing(state)) {
    return { entries: [news, { kind: 'output', result: { kind: 'failure', failure: cancelled } }] }
  }
  return { entries: [news, ...advance({ ...state, cancel: 'asked' }, context)] }
}

/** Nothing of it has run, so there is nothing to make up for. */
function hasDoneNothing({ epoch, created }: InvocationState): boolean {
  return epoch === 0 && created.restartOf?.kept === undefined
}

function decideKill(
  state: InvocationState,
  { reason }: Extract<Stimulus, { kind: 'kill' }>,
): Decision {
  if (state.phase.kind === 'closed') return nothing
  const message = reason ?? 'The invocation was killed'
  const failure: Failure = { code: 'killed', name: 'TerminalError', message }
  return {
    entries: [
      { kind: 'killed', ...(reason === undefined ? {} : { reason }) },
      { kind: 'output', result: { kind: 'failure', failure } },
    ],
  }
}

function newsSegment(state: InvocationState, news: Entry, { now }: Context): Segment {
  return {
    protocol: 1,
    n: state.next,
    born: state.born,
    epoch: state.epoch,
    by: 'orchestrator',
    writer: '',
    at: now,
    entries: [news],
  }
}

function decideWaiter(
  state: InvocationState,
  { invocation, op }: Extract<Stimulus, { kind: 'waiter' }>,
): Decision {
  const { origin } = state.created
  const isCaller = origin.kind === 'call' && origin.invocation === invocation && origin.op === op
  const known = state.waiters.some((one) => one.invocation === invocation && one.op === op)
  const isLate = state.phase.kind === 'closed'
  return isCaller || known || isLate ? nothing : { entries: [{ kind: 'waiter', invocation, op }] }
}
