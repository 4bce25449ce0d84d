import type { AgendaKind, Clock } from '../../ports/index.ts'
import type { Agenda, Ticket } from '../agenda/agenda.ts'
import { createLines, type Lines } from './lines.ts'

/** What a replica remembers of collectors: which agenda entries stand for them, and who is at work on one here. */
export interface Collecting {
  /** An entry that stands for the collector and is due at `dueAt` (epoch ms) at the latest; durable when it resolves. */
  guard(subject: string, dueAt: number): Promise<Ticket>
  /** After what it protects was appended: if the entry no longer counts, or was put off, there is another one then. */
  confirm(subject: string, ticket: Ticket, dueAt: number): Promise<void>
  /** Looks at it now, by an entry of its own. */
  hurry(subject: string): void
  /** Whether another entry of this replica stands for it until `dueAt`; if not, this one does. */
  isGuardedWithout(subject: string, ticket: Ticket, dueAt: number): boolean
  forget(subject: string, ticket: Ticket): void
  /** What comes for one collector while it is at work goes together next, in the order in which it came. */
  readonly lines: Lines
}

const kind: AgendaKind = 'timer'
/** Entries that went to other replicas are forgotten when there are so many. */
const maxKnown = 10_000

export function createCollecting(
  agenda: Pick<Agenda, 'add' | 'counts'>,
  clock: Pick<Clock, 'now'>,
): Collecting {
  const standing = new Map<string, Ticket>()

  const covers = (ticket: Ticket, dueAt: number) =>
    agenda.counts(ticket) && ticket.entry.dueAt <= dueAt

  const keep = (subject: string, ticket: Ticket) => {
    if (standing.size >= maxKnown) {
      for (const [name, one] of standing) if (!agenda.counts(one)) standing.delete(name)
    }
    standing.set(subject, ticket)
  }

  const add = async (subject: string, dueAt: number) => {
    const ticket = await agenda.add({ subject, dueAt, kind })
    keep(subject, ticket)
    return ticket
  }

  return {
    async guard(subject, dueAt) {
      const known = standing.get(subject)
      return known !== undefined && covers(known, dueAt) ? known : add(subject, dueAt)
    },
    async confirm(subject, ticket, dueAt) {
      if (!covers(ticket, dueAt)) await add(subject, dueAt)
    },
    hurry(subject) {
      // What it is about stands on the agenda already: if this fails, it is only later.
      agenda.add({ subject, dueAt: clock.now(), kind }).catch(() => undefined)
    },
    isGuardedWithout(subject, ticket, dueAt) {
      const known = standing.get(subject)
      if (known !== undefined && known !== ticket && covers(known, dueAt)) return true
      keep(subject, ticket)
      return false
    },
    forget(subject, ticket) {
      if (standing.get(subject) === ticket) standing.delete(subject)
    },
    lines: createLines(),
  }
}
