import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { Demand, Permit } from '../permits.ts'
import type { Deployment } from '../services/deployment-document.ts'
import type { EngineDeps } from './engine-deps.ts'
import type { JournalSession } from './journal-session.ts'
import { contextOf, demandOf, deploymentOrPause } from './leave.ts'
import { persist } from './persist.ts'
import { begins } from './segments.ts'
import type { Work } from './work.ts'

/**
 * Waits for a permit, then starts what can move; it stands on the agenda while it waits. That may take long, and many may
 * come due at once: none of them is held in memory meanwhile.
 */
export async function wakeWhenPermitted(
  deps: EngineDeps,
  work: Work,
  id: InvocationId,
): Promise<void> {
  let held: Permit | undefined
  for (;;) {
    const permit = held
    const lacking = await deps.sessions.use(id, (session) => start(deps, work, session, permit))
    if (lacking === undefined) return
    const { demand, priority } = lacking
    held = await deps.permits.take(demand, priority, deps.stopping)
  }
}

/** What it waits for. */
type Lacking = { readonly demand: Demand; readonly priority: 'resume' | 'start' }

/**
 * The permit is taken over. After a wait for it the deployment may be gone, or another may serve what has not begun: then
 * it is of no use.
 */
async function start(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  permit: Permit | undefined,
): Promise<Lacking | undefined> {
  let held = permit
  try {
    const state = session.state ?? (await persist(deps, session.id, () => session.refresh()))
    if (state === undefined || session.busy) return undefined
    const deployment = await deploymentOrPause(deps, session, state)
    if (deployment === undefined) return undefined
    const demand = demandOf(state, deployment)
    const priority = state.phase.kind === 'queued' ? 'start' : 'resume'
    if (held !== undefined && held.demand.function !== demand.function) return { demand, priority }
    held ??= deps.permits.tryTake(demand)
    if (held === undefined) return { demand, priority }
    const isBegun = await begin(deps, session, { permit: held, deployment })
    if (!isBegun) return undefined
    work.drive(session, held)
    held = undefined
    return undefined
  } finally {
    held?.release()
  }
}

type Permitted = { readonly permit: Permit; readonly deployment: Deployment }

async function begin(
  deps: EngineDeps,
  session: JournalSession,
  permitted: Permitted,
): Promise<boolean> {
  if (session.busy) return false
  const stimulus = { kind: 'wake' } as const
  const { appended } = await persist(deps, session.id, () =>
    session.apply(stimulus, (state) => contextOf(deps, state, permitted)),
  )
  return begins(appended)
}
