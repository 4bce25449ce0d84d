import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { isRunnable, needsPlace, ownTimes } from '../../domain/invocation/due.ts'
import type { InvocationState } from '../../domain/invocation/state.ts'
import type { AgendaEntry } from '../../ports/index.ts'
import type { NudgeAnswer, Ticket } from '../agenda/agenda.ts'
import { showProgress } from '../objects/show-progress.ts'
import { carry } from './carry.ts'
import type { EngineDeps } from './engine-deps.ts'
import type { JournalSession } from './journal-session.ts'
import { type NextLook, nextLooks } from './next-look.ts'
import { halfRetention, retain } from './retain.ts'
import { settle } from './settle.ts'
import type { Work } from './work.ts'

/** What is to be looked at, and the agenda entry that says so. */
export type Look = {
  readonly id: InvocationId
  readonly entry: AgendaEntry
  readonly ticket: Ticket
}

/**
 * Looks at an invocation because its agenda entry is due, or because its owner died: folds the journal and
 * does what is due. Idempotent, and the only recovery code there is.
 */
export function nudge(deps: EngineDeps, work: Work, look: Look): Promise<NudgeAnswer> {
  return deps.sessions.use(look.id, async (session) => {
    if (session.busy) return await watchOn(deps, work, session, look)
    const state = await session.refresh()
    if (session.busy) return await watchOn(deps, work, session, look)
    if (state === undefined) return absent(deps, look)
    switch (state.phase.kind) {
      case 'closed':
        await settle(deps, work, session)
        return retire(deps, look)
      case 'running':
        work.adopt(session)
        return await watchOn(deps, work, session, look)
      case 'queued':
      case 'suspended':
      case 'backing-off':
      case 'paused':
        return await lookAtWaiting(deps, work, session, look)
      default:
        return state.phase satisfies never
    }
  })
}

async function lookAtWaiting(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  look: Look,
): Promise<NudgeAnswer> {
  await carry(deps, work, session)
  const { state } = session
  if (state === undefined) return retire(deps, look)
  if (session.busy) return await watchOn(deps, work, session, look)
  if (needsPlace(state, deps.clock.now())) await work.place(session)
  if (isRunnable(state, deps.clock.now())) {
    work.wakeLater(session.id)
    return await watchOn(deps, work, session, look)
  }
  // Whoever stored that it waits may have died before he showed it.
  await showProgress(deps, session, state)
  const mine = stands(session, state, look.entry)
  const retained = (await retain(deps, work, session, state)) === 'retained'
  const looks = nextLooks(deps, session, state)
  if (isEarly(look.entry, deps.clock.now())) {
    const dueAt = Math.min(look.entry.dueAt, ...looks.map((next) => next.dueAt))
    return { kind: 'again', dueAt, agendaKind: 'watch' }
  }
  const next = mine ? await standingFor(deps, look, looks, retained) : undefined
  if (next === undefined) return retire(deps, look)
  // From now on it stands for the wait, not for any work.
  deps.guards.leave(session.id, look.ticket)
  return { kind: 'again', dueAt: next.dueAt, agendaKind: next.kind }
}

/** For which of the next looks the entry is to stand; those that nobody else stands for are named. `undefined`: for none. */
async function standingFor(
  { guards }: EngineDeps,
  { id, entry }: Look,
  looks: readonly NextLook[],
  retained: boolean,
): Promise<NextLook | undefined> {
  const own = looks.find(({ kind }) => kind !== 'retain')
  const stamp = retained ? undefined : looks.find(({ kind }) => kind === 'retain')
  if (own === undefined || entry.kind === 'retain') return stamp
  if (stamp !== undefined) await guards.name(id, stamp.kind, stamp.dueAt)
  return own
}

/** It may be about to be created, by a source that never asks again (trace 16). */
function absent(deps: EngineDeps, look: Look): NudgeAnswer {
  const { dueAt } = look.entry
  if (!isEarly(look.entry, deps.clock.now())) return retire(deps, look)
  return { kind: 'again', dueAt, agendaKind: 'watch' }
}

/**
 * A watch that is looked at before its time, because its shard changed hands, is not spent: the append that it
 * protects may be on its way from a replica that stalls.
 */
function isEarly({ kind, dueAt }: AgendaEntry, now: number): boolean {
  return kind === 'watch' && dueAt > now
}

/**
 * Whether this entry is the one that stands for the present wait. An entry left over from an earlier wait is
 * not renewed: each wait made an entry of its own before the watch over it was taken back, and each stamp one
 * before the journal was stamped.
 */
function stands(session: JournalSession, state: InvocationState, entry: AgendaEntry): boolean {
  if (entry.kind === 'watch') return true
  if (entry.kind === 'retain') return entry.dueAt === halfRetention(session, state)
  return ownTimes(state).includes(entry.dueAt)
}

/** Something is at work here. The entry watches over it, until the work is done and takes it back. */
async function watchOn(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  { id, ticket }: Look,
): Promise<NudgeAnswer> {
  const { clock, guards, times } = deps
  guards.keep(id, ticket)
  if (session.state !== undefined) await retain(deps, work, session, session.state)
  return { kind: 'again', dueAt: clock.now() + times.watchMs, agendaKind: 'watch' }
}

function retire({ guards }: EngineDeps, { id, ticket }: Look): NudgeAnswer {
  guards.leave(id, ticket)
  return { kind: 'retire' }
}
