import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { isRunnable, ownTimes } from '../../domain/invocation/due.ts'
import type { InvocationState } from '../../domain/invocation/state.ts'
import type { AgendaEntry } from '../../ports/index.ts'
import type { NudgeAnswer } from '../agenda/agenda.ts'
import { carry } from './carry.ts'
import type { EngineDeps } from './engine-deps.ts'
import type { JournalSession } from './journal-session.ts'
import { halfRetention, nextLook } from './next-look.ts'
import { settle } from './settle.ts'
import type { Work } from './work.ts'

/**
 * Looks at an invocation because its agenda entry is due, or because its owner died: folds the journal and
 * does what is due. Idempotent, and the only recovery code there is.
 */
export function nudge(
  deps: EngineDeps,
  work: Work,
  id: InvocationId,
  entry: AgendaEntry,
): Promise<NudgeAnswer> {
  return deps.sessions.use(id, async (session) => {
    if (session.busy) return watchAgain(deps)
    const state = await session.refresh()
    if (state === undefined) return { kind: 'retire' }
    if (session.busy) return watchAgain(deps)
    switch (state.phase.kind) {
      case 'closed':
        await settle(deps, work, session)
        return { kind: 'retire' }
      case 'running':
        work.adopt(session)
        return watchAgain(deps)
      case 'queued':
      case 'suspended':
      case 'backing-off':
      case 'paused':
        return await lookAtWaiting(deps, work, session, state, entry)
      default:
        return state.phase satisfies never
    }
  })
}

async function lookAtWaiting(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  state: InvocationState,
  entry: AgendaEntry,
): Promise<NudgeAnswer> {
  const now = deps.clock.now()
  await carry(deps, work, session)
  if (session.busy) return watchAgain(deps)
  if (isRunnable(state, now)) {
    work.wakeLater(session.id)
    return watchAgain(deps)
  }
  const mine = stands(session, state, entry)
  if (now >= halfRetention(session, state)) {
    await session.restamp(now + state.created.retentionMs)
    await session.stampCarried()
  }
  const next = nextLook(deps, session, state)
  return mine ? { kind: 'again', dueAt: next.dueAt, agendaKind: next.kind } : { kind: 'retire' }
}

/**
 * Whether this entry is the one that stands for the present wait. An entry left over from an earlier wait is
 * not renewed: each wait made an entry of its own before the watch over it was taken back.
 */
function stands(session: JournalSession, state: InvocationState, entry: AgendaEntry): boolean {
  if (entry.kind === 'watch') return true
  if (entry.kind === 'retain') return entry.dueAt === halfRetention(session, state)
  return ownTimes(state).includes(entry.dueAt)
}

function watchAgain({ clock, times }: EngineDeps): NudgeAnswer {
  return { kind: 'again', dueAt: clock.now() + times.watchMs, agendaKind: 'watch' }
}
