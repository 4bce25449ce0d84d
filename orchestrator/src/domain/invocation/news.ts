import type { Entry, Failure, Segment } from '@fermata/lambda-runtime/protocol'
import { advance, completion } from './advance.ts'
import { evolve } from './evolve.ts'
import type { InvocationState } from './state.ts'
import { type Context, type Decision, nothing, type Stimulus } from './stimulus.ts'

export function decideCompletion(
  state: InvocationState,
  { op, outcome, by, key }: Extract<Stimulus, { kind: 'completion' }>,
  context: Context,
): Decision {
  const isOther = op < state.ops && !state.awakeables.has(op)
  if (by === 'awakeable-id' && isOther) return nothing
  if (state.phase.kind === 'closed' || state.settled.has(op)) return nothing
  const settled = new Map(state.settled).set(op, outcome.kind)
  const news = key === undefined ? {} : { key }
  return withNews({ ...completion(op, outcome), ...news }, { ...state, settled }, context)
}

/** The news, and what it sets free. `after`: the state with it. */
function withNews(news: Entry, after: InvocationState, context: Context): Decision {
  const onward = after.phase.kind === 'suspended' ? advance(after, context) : []
  return { entries: [news, ...onward] }
}

export function decideSignal(
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

export function decideCancel(
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

export function decideKill(
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

export function decideWaiter(
  state: InvocationState,
  { invocation, op }: Extract<Stimulus, { kind: 'waiter' }>,
): Decision {
  const { origin } = state.created
  const isCaller = origin.kind === 'call' && origin.invocation === invocation && origin.op === op
  const known = state.waiters.some((one) => one.invocation === invocation && one.op === op)
  const isLate = state.phase.kind === 'closed'
  return isCaller || known || isLate ? nothing : { entries: [{ kind: 'waiter', invocation, op }] }
}
