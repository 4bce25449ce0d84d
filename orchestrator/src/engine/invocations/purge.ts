import { keyOf, serviceOf, workflowRunId } from '@fermata/lambda-runtime/protocol'
import type { InvocationState } from '../../domain/invocation/state.ts'
import { findQueued, refOfId } from '../objects/queued.ts'
import { carry } from './carry.ts'
import type { EngineDeps } from './engine-deps.ts'
import type { JournalSession } from './journal-session.ts'
import { settle } from './settle.ts'
import type { Work } from './work.ts'

/**
 * Forgets a closed invocation: first all that it still owes others is delivered, then its journal goes. A workflow's run
 * takes the promises of its key along, so that the next one begins with none.
 */
export async function purge(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  state: InvocationState,
): Promise<void> {
  await settle(deps, work, session)
  await settleSender(deps, work, state)
  await voidPlaces(deps, session)
  const key = keyOf(session.id)
  const isRun = workflowRunId(state.created.target) === session.id
  if (isRun && key !== undefined) await deps.promises.clear(serviceOf(session.id), key)
  await deps.faults.reach('purge.before-remove', session.id)
  await deps.journals.remove(session.id, state.born, state.next)
  session.forget()
}

/** Whoever takes its sender over would send it again, and find nothing: the sender's journal says first that it was sent (trace 8). */
async function settleSender(
  deps: EngineDeps,
  work: Work,
  { created: { origin } }: InvocationState,
): Promise<void> {
  if (origin.kind !== 'call' && origin.kind !== 'send') return
  await deps.sessions.use(origin.invocation, async (sender) => {
    if ((await sender.refresh()) === undefined) return
    await carry(deps, work, sender)
    await sender.stampCarried()
  })
}

/** It may stand in line again, for it was accepted twice: without its journal that place would be its first. */
async function voidPlaces({ objects }: EngineDeps, { id }: JournalSession): Promise<void> {
  const ref = refOfId(id)
  if (ref === undefined) return
  for (;;) {
    const queued = await findQueued(objects, id)
    if (queued === undefined) return
    await objects.markSlot(ref, queued.slot.n, 'void')
  }
}
