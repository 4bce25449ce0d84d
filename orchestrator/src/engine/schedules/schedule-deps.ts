import type { Timing } from '../../domain/schedules/schedule-document.ts'
import { everyTick, type NextTick } from '../../domain/schedules/ticks.ts'
import type { Calendar, Clock, FaultPoints, Logger } from '../../ports/index.ts'
import type { Agenda } from '../agenda/agenda.ts'
import type { Work } from '../invocations/work.ts'
import type { Directory } from '../services/directory.ts'
import type { ScheduleRegistry } from './schedule-registry.ts'

/** What the parts of the schedules share. */
export type ScheduleDeps = {
  readonly registry: ScheduleRegistry
  readonly calendar: Calendar
  readonly agenda: Pick<Agenda, 'add' | 'counts' | 'retire'>
  readonly directory: Directory
  readonly work: Pick<Work, 'create'>
  readonly clock: Clock
  readonly faults: FaultPoints
  readonly logger: Logger
  readonly watchMs: number
}

export function nextTickFor(calendar: Calendar, timing: Timing): NextTick {
  return timing.kind === 'every'
    ? everyTick(timing.everyMs)
    : (after) => calendar.next(timing, after)
}
