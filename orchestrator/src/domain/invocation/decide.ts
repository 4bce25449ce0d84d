import type { Entry, Failure, InvokeReply } from '@fermata/lambda-runtime/protocol'
import { decideRetry } from '../retry.ts'
import { advance, nextAttempt } from './advance.ts'
import { admits, evolve } from './evolve.ts'
import { decideCancel, decideCompletion, decideKill, decideSignal, decideWaiter } from './news.ts'
import type { InvocationState } from './state.ts'
import { type Context, type Decision, nothing, type Stimulus } from './stimulus.ts'

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
      return mayPause(state) ? { entries: [{ kind: 'paused', reason: stimulus.reason }] } : nothing
    case 'place':
      return decidePlace(state, stimulus, context)
  }
}

/** One that is still to get its place in a mailbox may have it already, and begins when its turn comes. */
function mayPause({ phase, created }: InvocationState): boolean {
  if (phase.kind === 'queued') return created.slot !== 0
  return phase.kind !== 'closed' && phase.kind !== 'paused'
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
