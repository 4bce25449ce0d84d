import { nextTickOf } from '../../domain/schedules/schedule.ts'
import type { Ticket } from '../agenda/agenda.ts'
import { scheduleSubject } from './make-ticks.ts'
import type { ScheduleDeps } from './schedule-deps.ts'
import type { StoredSchedule } from './schedule-registry.ts'

/**
 * Puts schedules on the agenda whose time has long passed. The agenda keeps its items for a month: after a longer outage,
 * or in a table that was restored without them, nothing else would bring them back.
 */
export function createSweep(deps: ScheduleDeps, lateMs: number): () => Promise<void> {
  const { agenda, clock, registry } = deps
  /** Of those that were late before: while the entry stands, another one would not help. */
  const added = new Map<string, Ticket>()

  const isLate = ({ document }: StoredSchedule) => {
    const next = nextTickOf(document)
    return document.making !== undefined || (next !== undefined && next + lateMs < clock.now())
  }
  return async () => {
    const late = (await registry.all()).filter(isLate)
    const names = new Set(late.map(({ name }) => name))
    for (const name of added.keys()) if (!names.has(name)) added.delete(name)
    for (const { name, document } of late) {
      const ticket = added.get(name)
      if (ticket !== undefined && agenda.counts(ticket)) continue
      const dueAt = nextTickOf(document) ?? clock.now()
      const subject = scheduleSubject(name)
      added.set(name, await agenda.add({ subject, dueAt, kind: 'timer' }))
    }
  }
}
