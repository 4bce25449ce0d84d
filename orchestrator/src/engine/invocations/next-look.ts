import { isRunnable, nextOwnTime } from '../../domain/invocation/due.ts'
import type { InvocationState } from '../../domain/invocation/state.ts'
import type { AgendaKind } from '../../ports/index.ts'
import type { EngineDeps } from './engine-deps.ts'
import type { JournalSession } from './journal-session.ts'
import { halfRetention } from './retain.ts'

/**
 * When somebody must look next: at the next time of its own, and at the latest at half its retention. Its time may
 * have come since the caller looked at the clock: then it is now, and not when that time would come again.
 */
export function nextLook(
  { clock }: EngineDeps,
  session: JournalSession,
  state: InvocationState,
): { readonly kind: AgendaKind; readonly dueAt: number } {
  const retainAt = halfRetention(session, state)
  const now = clock.now()
  const own = isRunnable(state, now) ? now : nextOwnTime(state, now)
  if (own === undefined || own > retainAt) return { kind: 'retain', dueAt: retainAt }
  return { kind: state.phase.kind === 'backing-off' ? 'retry' : 'timer', dueAt: own }
}
