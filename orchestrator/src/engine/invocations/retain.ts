import type { InvocationState } from '../../domain/invocation/state.ts'
import { refOf } from '../objects/finish-slot.ts'
import { keepYoung } from '../payloads/keep-young.ts'
import { carry } from './carry.ts'
import type { EngineDeps } from './engine-deps.ts'
import type { JournalSession } from './journal-session.ts'
import { keepPromises } from './keep-promises.ts'
import type { Work } from './work.ts'

/** Epoch ms at which the journal of an open invocation is stamped anew, so that it does not expire. */
export function halfRetention(session: JournalSession, state: InvocationState): number {
  return session.expires - halfOf(state)
}

/**
 * Stamps the journal anew if half its retention is over, and makes the watermark of its effects durable: a child may
 * expire from then on, so all of them are carried out before that (trace 8). The entry for the next time goes first, so that a stamp proves that there is one: an
 * entry that was made for an earlier stamp may then be given up.
 */
export async function retain(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  state: InvocationState,
): Promise<'retained' | 'not-due'> {
  const { clock, guards } = deps
  const now = clock.now()
  const dueAt = halfRetention(session, state)
  if (now < dueAt || state.phase.kind === 'closed') return 'not-due'
  const half = halfOf(state)
  // All who do this at about the same time come to the same moment.
  const nextAt = dueAt + half * (Math.floor((now - dueAt) / half) + 1)
  await guards.name(session.id, 'retain', nextAt)
  const entries = session.segments.flatMap((segment) => segment.entries)
  await keepYoung(deps, session.id, entries)
  await carry(deps, work, session)
  await session.stampCarried()
  await keepPromises(deps, session, state, nextAt + half)
  await keepSlot(deps, state, nextAt + half)
  await session.restamp(nextAt + half)
  return 'retained'
}

/** A holder's slot goes first: with its journal, it is stamped again should this end here. */
async function keepSlot({ objects }: EngineDeps, state: InvocationState, expires: number) {
  const { slot = 0 } = state.created
  const ref = refOf(state)
  if (ref !== undefined && slot > 0) await objects.restampSlot(ref, slot, expires)
}

function halfOf({ created }: InvocationState): number {
  return Math.max(1, Math.floor(created.retentionMs / 2))
}
