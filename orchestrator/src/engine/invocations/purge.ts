import { keyOf, serviceOf, workflowRunId } from '@fermata/lambda-runtime/protocol'
import type { InvocationState } from '../../domain/invocation/state.ts'
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
  const key = keyOf(session.id)
  const isRun = workflowRunId(state.created.target) === session.id
  if (isRun && key !== undefined) await deps.promises.clear(serviceOf(session.id), key)
  await deps.faults.reach('purge.before-remove', session.id)
  await deps.journals.remove(session.id, state.born, state.next)
  session.forget()
}
