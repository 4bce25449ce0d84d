import type { InvocationState } from '../../domain/invocation/state.ts'
import type { Deployment } from '../services/deployment-document.ts'
import { carry } from './carry.ts'
import type { EngineDeps } from './engine-deps.ts'
import { graceMs } from './invoke-attempt.ts'
import type { JournalSession } from './journal-session.ts'
import { persist, Stopped } from './persist.ts'
import type { Work } from './work.ts'

/**
 * While an attempt runs, what it appends is read and its commands are carried out: a call that stands beside
 * a slow step does not wait for the step. Ends when `signal` aborts, or when the attempt was ended from outside: what
 * it still answers would be refused, so `ended` is called.
 */
export async function followTail(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  { epoch, ended }: { readonly epoch: number; readonly ended: () => void },
  signal: AbortSignal,
): Promise<void> {
  const { tailAfterMs, tailMaxMs } = deps.times
  for (let delayMs = tailAfterMs; ; delayMs = Math.min(delayMs * 2, tailMaxMs)) {
    await deps.clock.sleep(delayMs, signal)
    if (signal.aborted) return
    try {
      await session.refresh()
      if (isEnded(session.state, epoch)) return ended()
      if (session.state?.epoch === epoch) await carry(deps, work, session)
    } catch (error) {
      if (error instanceof Stopped) return
      deps.logger.warn(
        { invocation: session.id, error },
        'The tail could not be read; trying again',
      )
    }
  }
}

/**
 * Watches an attempt by its journal alone. `dead`: the handler wrote nothing for longer than a live one can
 * be silent, or lasts for longer than it may. Only the handler's own segments count: outside news says nothing of its health.
 */
export async function watchTail(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  { epoch, deployment }: { readonly epoch: number; readonly deployment: Deployment },
): Promise<'moved-on' | 'dead'> {
  const { clock, times, stopping } = deps
  const begun = clock.monotonic()
  let seen = lastOwn(session)
  let since = begun
  for (let delayMs = times.tailAfterMs; ; delayMs = Math.min(delayMs * 2, times.tailMaxMs)) {
    await persist(deps, session.id, () => session.refresh())
    const { state } = session
    if (state === undefined || !runs(state, epoch)) return 'moved-on'
    await carry(deps, work, session)
    const now = clock.monotonic()
    const last = lastOwn(session)
    if (last !== seen) {
      seen = last
      since = now
    }
    const left = Math.min(
      silence(deps, state) - (now - since),
      longest(deps, state, deployment) - (now - begun),
    )
    if (left <= 0) return 'dead'
    await clock.sleep(Math.min(left, delayMs), stopping)
    if (stopping.aborted) throw new Stopped('stopped while watching')
  }
}

/** It was killed, paused, or a newer attempt has begun. An end that the handler wrote itself is followed by its reply. */
function isEnded(state: InvocationState | undefined, epoch: number): boolean {
  if (state === undefined) return true
  return state.killed || state.phase.kind === 'paused' || state.epoch > epoch
}

function runs(state: InvocationState, epoch: number): boolean {
  return state.phase.kind === 'running' && state.epoch === epoch
}

/** The last segment that shows the handler to be alive; -1: none. */
export function lastOwn(session: JournalSession): number {
  return session.segments.findLast((segment) => segment.by === 'handler')?.n ?? -1
}

/** The longest that an attempt lasts, by the clock of whoever watches it: it began no later than the watching. */
function longest(
  { directory }: EngineDeps,
  state: InvocationState,
  deployment: Deployment,
): number {
  return directory.policyOf(state.created.target, deployment).timeoutMs + graceMs
}

/** The longest that a live handler is silent. */
function silence({ times }: EngineDeps, state: InvocationState): number {
  const alive = state.phase.kind === 'running' && state.phase.alive
  return (alive ? times.aliveEveryMs : times.aliveAfterMs) + times.marginMs
}
