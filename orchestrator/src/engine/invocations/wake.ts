import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { Permit } from '../permits.ts'
import type { Deployment } from '../services/deployment-document.ts'
import type { EngineDeps } from './engine-deps.ts'
import type { JournalSession } from './journal-session.ts'
import { contextOf, demandOf, deploymentOrPause } from './leave.ts'
import { persist } from './persist.ts'
import type { Work } from './work.ts'

/** Waits for a permit, then starts what can move; it stands on the agenda while it waits. */
export function wakeWhenPermitted(deps: EngineDeps, work: Work, id: InvocationId): Promise<void> {
  return deps.sessions.use(id, async (session) => {
    const state = session.state ?? (await persist(deps, id, () => session.refresh()))
    if (state === undefined || session.busy) return
    const deployment = await deploymentOrPause(deps, session, state)
    if (deployment === undefined) return
    const priority = state.phase.kind === 'queued' ? 'start' : 'resume'
    const permit = await deps.permits.take(demandOf(state, deployment), priority, deps.stopping)
    await start(deps, work, session, { permit, deployment })
  })
}

async function start(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  permitted: { readonly permit: Permit; readonly deployment: Deployment },
): Promise<void> {
  const stimulus = { kind: 'wake' } as const
  let held: Permit | undefined = permitted.permit
  try {
    if (session.busy) return
    const { appended } = await persist(deps, session.id, () =>
      session.apply(stimulus, (state) => contextOf(deps, state, permitted)),
    )
    if (!appended?.entries.some((entry) => entry.kind === 'attempt')) return
    work.drive(session, held)
    held = undefined
  } finally {
    held?.release()
  }
}
