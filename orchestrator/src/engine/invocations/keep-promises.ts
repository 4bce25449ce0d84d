import { keyOf, workflowRunId } from '@fermata/lambda-runtime/protocol'
import type { InvocationState } from '../../domain/invocation/state.ts'
import type { EngineDeps } from './engine-deps.ts'
import type { JournalSession } from './journal-session.ts'

/** What stands beside a journal is kept as long as it: its place among a promise's waiters, a run's promises. */
export async function keepPromises(
  { promises }: Pick<EngineDeps, 'promises'>,
  { id }: Pick<JournalSession, 'id'>,
  state: InvocationState,
  expires: number,
): Promise<void> {
  for (const [op, promise] of state.promises) {
    await promises.addWaiter(promise, { invocation: id, op }, expires)
  }
  const key = runKeyOf(id, state)
  if (key !== undefined) await promises.restamp(state.created.target.service, key, expires)
}

/** A workflow's output is kept for its whole retention from its end on, and its promises with it. */
export async function keepOutput(
  deps: Pick<EngineDeps, 'promises'>,
  session: JournalSession,
  state: InvocationState,
): Promise<void> {
  const { retentionMs } = state.created
  const expires = state.updatedAt + retentionMs
  const isShort = expires - session.expires <= retentionMs * tolerated
  if (isShort || runKeyOf(session.id, state) === undefined) return
  await keepPromises(deps, session, state, expires)
  await session.restamp(expires)
}

/** So much of its retention a run may miss before every segment is stamped anew. */
const tolerated = 0.1

function runKeyOf(id: JournalSession['id'], { created }: InvocationState): string | undefined {
  return workflowRunId(created.target) === id ? keyOf(id) : undefined
}
