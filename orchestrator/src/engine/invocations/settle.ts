import type { Outcome } from '@fermata/lambda-runtime/protocol'
import { isRunnable, needsPlace } from '../../domain/invocation/due.ts'
import { finishHolder, refOf } from '../objects/finish-slot.ts'
import { goOn } from '../objects/go-on.ts'
import { showProgress } from '../objects/show-progress.ts'
import { carry } from './carry.ts'
import { deliver } from './deliver.ts'
import type { EngineDeps } from './engine-deps.ts'
import type { JournalSession } from './journal-session.ts'
import { nextLooks } from './next-look.ts'
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
  if (needsPlace(state, deps.clock.now())) await work.place(session)
  await showProgress(deps, session, state)
  const [next, ...others] = nextLooks(deps, session, state)
  await persist(deps, session.id, async () => {
    for (const { kind, dueAt } of others) await deps.guards.name(session.id, kind, dueAt)
    await deps.guards.handOver(session.id, next.kind, next.dueAt)
  })
}

/** Its key goes on once all that it asked for is delivered: who ends the next one does not look back further. */
async function close(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  outcome: Outcome,
): Promise<void> {
  const { state } = session
  const ref = state === undefined ? undefined : refOf(state)
  const slot = state?.created.slot ?? 0
  if (state !== undefined && ref !== undefined && slot > 0) {
    await finishHolder(deps, session, state, ref)
  }
  await deliver(deps, work, session, outcome)
  if (ref !== undefined && slot > 0) await goOn(deps, work, ref, slot)
  deps.guards.release(session.id)
}
