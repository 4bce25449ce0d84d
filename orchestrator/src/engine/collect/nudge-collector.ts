import { parseCollectorName } from '../../domain/collect/collector.ts'
import type { AgendaEntry } from '../../ports/index.ts'
import type { NudgeAnswer, Ticket } from '../agenda/agenda.ts'
import type { EngineDeps } from '../invocations/engine-deps.ts'
import type { Work } from '../invocations/work.ts'
import { collectDue } from './collect-due.ts'
import { collectorPrefix } from './collect-send.ts'

/** Looks at a collector because its agenda entry is due, or because the entry's owner died. */
export async function nudgeCollector(
  deps: EngineDeps,
  work: Work,
  { subject }: AgendaEntry,
  ticket: Ticket,
): Promise<NudgeAnswer> {
  const { collecting } = deps
  const ref = parseCollectorName(subject.slice(collectorPrefix.length))
  const dueAt = await collectDue(deps, work, ref)
  // One entry per replica is enough, or each batch that was full would leave one behind.
  if (dueAt === undefined || collecting.isGuardedWithout(subject, ticket, dueAt)) {
    collecting.forget(subject, ticket)
    return { kind: 'retire' }
  }
  return { kind: 'again', dueAt, agendaKind: 'timer' }
}
