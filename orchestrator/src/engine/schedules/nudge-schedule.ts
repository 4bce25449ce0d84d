import { nextTickOf } from '../../domain/schedules/schedule.ts'
import type { AgendaEntry } from '../../ports/index.ts'
import type { NudgeAnswer } from '../agenda/agenda.ts'
import { bringUpToDate, schedulePrefix } from './make-ticks.ts'
import type { ScheduleDeps } from './schedule-deps.ts'

/**
 * Looks at a schedule because its agenda entry is due, or because the entry's owner died. An entry stands for the tick
 * that it is due at: once the schedule is past that, a later entry was made before the schedule went on.
 */
export async function nudgeSchedule(deps: ScheduleDeps, entry: AgendaEntry): Promise<NudgeAnswer> {
  const stored = await bringUpToDate(deps, entry.subject.slice(schedulePrefix.length))
  const next = stored && nextTickOf(stored.document)
  if (next !== undefined && entry.dueAt >= next) {
    return { kind: 'again', dueAt: entry.dueAt, agendaKind: entry.kind }
  }
  // The document that it was made for may be on its way: it is waited for once, as long as for any append.
  if (entry.kind !== 'watch') return { kind: 'retire' }
  return { kind: 'again', dueAt: deps.clock.now() + deps.watchMs, agendaKind: 'timer' }
}
