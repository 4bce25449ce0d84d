import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { InvocationState } from '../../domain/invocation/state.ts'
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
    const permitted = await permit(deps, session, state)
    if (permitted !== undefined) await start(deps, work, session, permitted)
  })
}

type Permitted = { readonly permit: Permit; readonly deployment: Deployment }

/** It may take long until there is one. The deployment may be gone by then, or another may serve what has not begun. */
async function permit(
  deps: EngineDeps,
  session: JournalSession,
  state: InvocationState,
): Promise<Permitted | undefined> {
  const priority = state.phase.kind === 'queued' ? 'start' : 'resume'
  let deployment = await deploymentOrPause(deps, session, state)
  while (deployment !== undefined) {
    const demand = demandOf(state, deployment)
    const held = await deps.permits.take(demand, priority, deps.stopping)
    const still = await deploymentOrPause(deps, session, state)
    if (still?.id === deployment.id) return { permit: held, deployment }
    held.release()
    deployment = still
  }
  return undefined
}

async function start(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  permitted: Permitted,
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
