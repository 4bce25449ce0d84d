import { keyOf, workflowRunId } from '@fermata/lambda-runtime/protocol'
import type { InvocationState } from '../../domain/invocation/state.ts'
import { keepYoung } from '../payloads/keep-young.ts'
import type { EngineDeps } from './engine-deps.ts'
import type { JournalSession } from './journal-session.ts'

type KeepDeps = Pick<EngineDeps, 'promises' | 'payloads' | 'logger'>

/** What stands beside a journal is kept as long as it: its place among a promise's waiters, a run's promises. */
export async function keepPromises(
  deps: KeepDeps,
  { id }: Pick<JournalSession, 'id'>,
  state: InvocationState,
  expires: number,
): Promise<void> {
  const { promises } = deps
  for (const [op, promise] of state.promises) {
    await promises.addWaiter(promise, { invocation: id, op }, expires)
  }
  const key = runKeyOf(id, state)
  if (key === undefined) return
  const { service } = state.created.target
  const completed = await promises.list(service, key)
  const entries = completed.map(
    ({ outcome }) => ({ kind: 'completion', op: 0, result: outcome }) as const,
  )
  await keepYoung(deps, id, entries)
  await promises.restamp(service, key, expires)
}

/** A workflow's output is kept for its whole retention from its end on, and its promises with it. */
export async function keepOutput(
  deps: KeepDeps,
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
