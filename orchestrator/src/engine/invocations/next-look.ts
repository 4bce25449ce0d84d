import { isRunnable, nextOwnTime } from '../../domain/invocation/due.ts'
import type { InvocationState } from '../../domain/invocation/state.ts'
import type { AgendaKind } from '../../ports/index.ts'
import type { EngineDeps } from './engine-deps.ts'
import type { JournalSession } from './journal-session.ts'
import { halfRetention } from './retain.ts'

export type NextLook = { readonly kind: AgendaKind; readonly dueAt: number }

/**
 * When somebody must look next: at the next time of its own, and at half its retention if that comes first. Each has an
 * entry of its own: one for a stamp is given up when somebody else has stamped the journal, whatever else it waits for.
 * Its time may have come since the caller looked at the clock: then it is now, and not when that time would come again.
 */
export function nextLooks(
  { clock }: EngineDeps,
  session: JournalSession,
  state: InvocationState,
): readonly [NextLook, ...NextLook[]] {
  const stamp: NextLook = { kind: 'retain', dueAt: halfRetention(session, state) }
  const now = clock.now()
  const own = isRunnable(state, now) ? now : nextOwnTime(state, now)
  if (own === undefined) return [stamp]
  const kind = state.phase.kind === 'backing-off' ? 'retry' : 'timer'
  const look: NextLook = { kind, dueAt: own }
  return own > stamp.dueAt ? [look, stamp] : [look]
}
