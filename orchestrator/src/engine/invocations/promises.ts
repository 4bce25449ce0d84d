import type { EntryOf, Outcome } from '@fermata/lambda-runtime/protocol'
import { voidValue } from '@fermata/lambda-runtime/protocol'
import { completePromise, deliver } from './complete-promise.ts'
import type { EngineDeps } from './engine-deps.ts'
import type { JournalSession } from './journal-session.ts'
import type { Work } from './work.ts'

type PromiseEntry = EntryOf<'promise-get' | 'promise-peek' | 'promise-complete'>

/** Carries out an op on a durable promise. Again is the same: the store knows who completed it. */
export function performPromise(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  entry: PromiseEntry,
): Promise<void> {
  switch (entry.kind) {
    case 'promise-get':
      return get(deps, work, session, entry)
    case 'promise-peek':
      return peek(deps, work, session, entry)
    case 'promise-complete':
      return complete(deps, work, session, entry)
    default:
      return entry satisfies never
  }
}

/**
 * Where there is no outcome yet, the waiter goes before the look that counts: whoever completes the promise after that
 * sees it, and what was completed before is seen here.
 */
async function get(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  { op, promise }: EntryOf<'promise-get'>,
): Promise<void> {
  const known = await deps.promises.read(promise)
  if (known !== undefined) return answer(work, session, op, known.outcome)
  const waiter = { invocation: session.id, op }
  await deps.promises.addWaiter(promise, waiter, session.expires)
  const record = await deps.promises.read(promise)
  if (record === undefined) return
  await deliver(deps, work, { promise, waiter, outcome: record.outcome })
}

async function peek(
  { promises }: EngineDeps,
  work: Work,
  session: JournalSession,
  { op, promise }: EntryOf<'promise-peek'>,
): Promise<void> {
  const record = await promises.read(promise)
  await answer(work, session, op, record?.outcome ?? { kind: 'value', value: voidValue })
}

async function complete(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  { op, promise, result }: EntryOf<'promise-complete'>,
): Promise<void> {
  const by = `${session.id}.${op}`
  const record = await completePromise(deps, work, { promise, outcome: result, by })
  await answer(work, session, op, { kind: 'value', value: { json: record.by === by } })
}

async function answer(
  work: Work,
  session: JournalSession,
  op: number,
  outcome: Outcome,
): Promise<void> {
  await work.stimulate(session.id, { kind: 'completion', op, outcome }, 'asks-again')
}
