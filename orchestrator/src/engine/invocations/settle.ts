import type { Outcome } from '@fermata/lambda-runtime/protocol'
import { isRunnable } from '../../domain/invocation/due.ts'
import type { InvocationState, Waiter } from '../../domain/invocation/state.ts'
import { carry } from './carry.ts'
import type { EngineDeps } from './engine-deps.ts'
import type { JournalSession } from './journal-session.ts'
import { keepOutput } from './keep-promises.ts'
import { nextLook } from './next-look.ts'
import { persist } from './persist.ts'
import type { Work } from './work.ts'

/**
 * Sees an invocation off when nothing of it runs here any more: effects, deliveries, and the next time that
 * somebody must look at it. Idempotent; a recovery does the same. Only then are its watches taken back.
 */
export async function settle(deps: EngineDeps, work: Work, session: JournalSession): Promise<void> {
  await carry(deps, work, session)
  const { state } = session
  if (state === undefined) return deps.guards.release(session.id)
  if (state.phase.kind === 'closed') return close(deps, work, session, state.phase.outcome)
  if (state.phase.kind === 'running') return
  if (isRunnable(state, deps.clock.now())) return work.wakeLater(session.id)
  const next = nextLook(deps, session, state)
  await persist(deps, session.id, () => deps.guards.handOver(session.id, next.kind, next.dueAt))
}

async function close(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  outcome: Outcome,
): Promise<void> {
  deps.waiters.closed(session.id, outcome)
  const { state } = session
  if (state !== undefined) await persist(deps, session.id, () => keepOutput(deps, session, state))
  const waiters = waitersOf(session.state)
  if (waiters.length > 0) await deps.faults.reach('output.before-completion', session.id)
  for (const { invocation, op } of waiters) {
    const completion = { kind: 'completion', op, outcome } as const
    await persist(deps, session.id, () => work.stimulate(invocation, completion, 'asks-again'))
  }
  if (waiters.length > 0) await deps.faults.reach('output.after-completion', session.id)
  deps.guards.release(session.id)
}

/** Who is told the outcome: the caller, and those who found the invocation by its key. */
function waitersOf(state: InvocationState | undefined): readonly Waiter[] {
  const origin = state?.created.origin
  const caller = origin?.kind === 'call' ? [{ invocation: origin.invocation, op: origin.op }] : []
  return [...caller, ...(state?.waiters ?? [])]
}
