import type { Outcome } from '@fermata/lambda-runtime/protocol'
import type { InvocationState, Waiter } from '../../domain/invocation/state.ts'
import type { EngineDeps } from './engine-deps.ts'
import type { JournalSession } from './journal-session.ts'
import { keepOutput } from './keep-promises.ts'
import { persist } from './persist.ts'
import type { Work } from './work.ts'

/** Tells all who wait for the outcome. Again is the same: they know it already. */
export async function deliver(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  outcome: Outcome,
): Promise<void> {
  const { state } = session
  deps.waiters.closed(session.id, outcome)
  if (state !== undefined) await persist(deps, session.id, () => keepOutput(deps, session, state))
  const waiters = waitersOf(state)
  if (waiters.length > 0) await deps.faults.reach('output.before-completion', session.id)
  for (const { invocation, op } of waiters) {
    const completion = { kind: 'completion', op, outcome } as const
    await persist(deps, session.id, () => work.stimulate(invocation, completion, 'asks-again'))
  }
  if (waiters.length > 0) await deps.faults.reach('output.after-completion', session.id)
}

/** Who is told the outcome: the caller, and those who found the invocation by its key. */
function waitersOf(state: InvocationState | undefined): readonly Waiter[] {
  const origin = state?.created.origin
  const caller = origin?.kind === 'call' ? [{ invocation: origin.invocation, op: origin.op }] : []
  return [...caller, ...(state?.waiters ?? [])]
}
