import { FermataError } from '../../domain/errors.ts'
import type { InvocationState } from '../../domain/invocation/state.ts'
import { isExclusive, modeOf } from '../objects/mode.ts'
import type { Permit } from '../permits.ts'
import type { Deployment } from '../services/deployment-document.ts'
import type { EngineDeps } from './engine-deps.ts'
import type { JournalSession } from './journal-session.ts'
import { contextOf, demandOf, deploymentOf } from './leave.ts'
import type { Work } from './work.ts'

/**
 * Ends a pause with an attempt of its own, or with a place in the mailbox of its key where it has none; the failures
 * before it do not count any more.
 * @throws FermataError `deployment-not-found` | `handler-not-found`
 */
export async function resume(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  {
    state,
    deployment: id,
  }: { readonly state: InvocationState; readonly deployment?: string | undefined },
): Promise<void> {
  const deployment =
    id === undefined ? await deploymentOf(deps, state) : await serving(deps, state, id)
  // It was never served, so it has no place yet: it begins when its turn has come (INV-6).
  if (state.created.slot === 0 && isExclusive(modeOf(deployment, state.created.target))) {
    return work.place(session)
  }
  const permit = await deps.permits.take(demandOf(state, deployment), 'resume', deps.stopping)
  await start(deps, work, session, { permit, deployment })
}

/** Another deployment takes it over, journal and all: if its code differs too much, the invocation is paused again. */
async function serving(
  { directory }: EngineDeps,
  { created }: InvocationState,
  id: string,
): Promise<Deployment> {
  const deployment = await directory.byId(id)
  if (deployment === undefined || deployment.going !== undefined) {
    throw new FermataError(
      'deployment-not-found',
      `There is no deployment "${id}", or it is being removed`,
    )
  }
  const { service, handler } = created.target
  const served = deployment.manifest.services.find(({ name }) => name === service)
  if (served?.handlers.some(({ name }) => name === handler)) return deployment
  const message = `Deployment ${id} does not serve ${service}/${handler}`
  throw new FermataError('handler-not-found', message)
}

async function start(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  permitted: { readonly permit: Permit; readonly deployment: Deployment },
): Promise<void> {
  const { guards } = deps
  const { id } = session
  let held: Permit | undefined = permitted.permit
  try {
    const watch = await guards.make(id)
    const { appended } = await session.apply({ kind: 'resume' }, (state) =>
      contextOf(deps, state, permitted),
    )
    // Somebody else has resumed it meanwhile.
    if (appended === undefined) return guards.drop(id, watch)
    guards.keep(id, watch)
    const confirmed = guards.confirm(watch)
    work.drive(session, held)
    held = undefined
    await confirmed
  } finally {
    held?.release()
  }
}
