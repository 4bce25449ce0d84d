import type { RequestState } from '@fermata/lambda-runtime/protocol'
import { FermataError } from '../../domain/errors.ts'
import type { InvocationState } from '../../domain/invocation/state.ts'
import type { InvokeOutcome } from '../../ports/index.ts'
import { requestState } from '../objects/request-state.ts'
import type { Permit } from '../permits.ts'
import type { Deployment } from '../services/deployment-document.ts'
import type { EngineDeps } from './engine-deps.ts'
import type { JournalSession } from './journal-session.ts'
import { logInvoke } from './log-invoke.ts'
import { persist, Stopped } from './persist.ts'
import { buildRequest } from './request.ts'

/** Nothing was sent: the attempt was ended from outside, this replica stops, or others have gone on. */
type NotSent = { readonly kind: 'not-sent' }
type Settled = Exclude<InvokeOutcome, { kind: 'throttled' } | { kind: 'too-large' }> | NotSent

const notSent: NotSent = { kind: 'not-sent' }
const throttleDelayMs = 100
const maxThrottleDelayMs = 5_000
/** Beyond its own deadline a function gets this long to say so itself. */
export const graceMs = 2_000

/**
 * Invokes the current attempt and sees to what is not the handler's fault: a throttled call is made again
 * (it consumes no attempt), a request too long for the transport takes less of the journal along.
 */
export async function invokeAttempt(
  deps: EngineDeps,
  session: JournalSession,
  deployment: Deployment,
  { epoch, permit }: { readonly epoch: number; readonly permit: Permit },
  signal: AbortSignal,
): Promise<Settled> {
  const name = permit.demand.function
  let keep = session.segments.length
  for (let throttles = 0; ; ) {
    const outcome = await invokeOnce(deps, session, deployment, { epoch, keep }, signal)
    if (outcome.kind === 'throttled') {
      deps.concurrency.throttled(name, deps.permits.runningOf(name))
      throttles += 1
      await deps.clock.sleep(throttleDelay(deps, throttles, outcome.retryAfterMs), signal)
      if (signal.aborted) return notSent
    } else if (outcome.kind === 'too-large' && keep > 0) {
      keep = Math.floor(Math.min(keep, session.segments.length) / 2)
    } else if (outcome.kind === 'too-large') {
      return tooLarge()
    } else {
      if (outcome.kind === 'replied') deps.concurrency.succeeded(name)
      deps.permits.recheck()
      return outcome
    }
  }
}

/** While a call waited to be made again, another replica may have begun an attempt that is not ours to invoke. */
function isCurrent(state: InvocationState, epoch: number): boolean {
  return state.phase.kind === 'running' && state.epoch === epoch
}

async function invokeOnce(
  deps: EngineDeps,
  session: JournalSession,
  deployment: Deployment,
  { epoch, keep }: { readonly epoch: number; readonly keep: number },
  signal: AbortSignal,
): Promise<InvokeOutcome | NotSent> {
  const { state } = session
  if (state === undefined || !isCurrent(state, epoch)) return notSent
  const { timeoutMs, inactivityMs } = deps.directory.policyOf(state.created.target, deployment)
  const read = await stateToSend(deps, session, state, signal)
  if ('kind' in read) return read
  const request = {
    ...buildRequest(session, state, deps.channel, keep),
    ...(inactivityMs !== undefined && { inactivityMs }),
    ...read,
  }
  const late = new AbortController()
  const cancel = deps.clock.timer(timeoutMs + graceMs, () => late.abort())
  try {
    await deps.faults.reach('invoke.before', session.id)
    const either = AbortSignal.any([signal, late.signal])
    const outcome = await deps.invoker
      .invoke(deployment.address, request, either)
      .catch((error: unknown) => broken(deps, session, error))
    logInvoke(deps.logger, deployment.address, request, outcome)
    await deps.faults.reach('invoke.after', session.id)
    return late.signal.aborted && outcome.kind === 'lost' ? timedOut(timeoutMs) : outcome
  } finally {
    cancel()
  }
}

/** A table that does not answer is waited for as long as the attempt counts; what is lost fails it. */
async function stateToSend(
  deps: EngineDeps,
  session: JournalSession,
  state: InvocationState,
  signal: AbortSignal,
): Promise<{ readonly state?: RequestState } | Settled> {
  const waiting = { ...deps, stopping: signal }
  try {
    const sent = await persist(waiting, session.id, () => requestState(deps, state))
    // This replica stood still, and others have brought it to its end.
    if (sent === 'over') return notSent
    return sent === undefined ? {} : { state: sent }
  } catch (error) {
    if (error instanceof Stopped) return notSent
    if (!(error instanceof FermataError)) throw error
    return { kind: 'failed', failure: error.toFailure() }
  }
}

function throttleDelay(deps: EngineDeps, throttles: number, told: number | undefined): number {
  const backoff = Math.min(throttleDelayMs * 2 ** (throttles - 1), maxThrottleDelayMs)
  return Math.max(told ?? 0, backoff * (0.5 + deps.random.next() / 2))
}

/** An invoker answers, whatever happens: that it did not is a mistake of ours, or of a value that nobody can write. */
function broken(deps: EngineDeps, { id }: JournalSession, error: unknown): InvokeOutcome {
  deps.logger.error({ invocation: id, error }, 'An attempt could not be invoked')
  const message = `The attempt could not be invoked: ${String(error)}`
  return { kind: 'failed', failure: { code: 'internal', message } }
}

function timedOut(timeoutMs: number): Settled {
  const message = `The attempt did not end within its ${timeoutMs} ms`
  return { kind: 'failed', failure: { code: 'function-timed-out', message } }
}

function tooLarge(): Settled {
  const message = "The invocation's input alone exceeds what a request can carry"
  return { kind: 'failed', failure: { code: 'function-failed', message } }
}
