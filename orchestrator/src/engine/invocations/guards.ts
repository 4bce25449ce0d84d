import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { AgendaKind, Clock } from '../../ports/index.ts'
import type { Agenda, Ticket } from '../agenda/agenda.ts'

/**
 * The agenda entries that stand for open invocations while this replica is at work on them.
 *
 * A watch that is *kept* belongs to the work in progress and is taken back with it. One that is only *made* is its
 * maker's until the append that it protects is done: nobody else may take it back meanwhile.
 */
export interface Guards {
  /** Makes and keeps a watch; durable and counting when it resolves, kept from the call on. */
  watch(id: InvocationId): Promise<Ticket>
  make(id: InvocationId): Promise<Ticket>
  keep(id: InvocationId, ticket: Ticket): void
  /** Keeps it no longer. It stays on the agenda and is looked at. */
  leave(id: InvocationId, ticket: Ticket): void
  /** Takes this one back, and no other. */
  drop(id: InvocationId, ticket: Ticket): void
  /** After the append that an entry protects: it must still count, else it is written again, unless it was taken back. */
  confirm(ticket: Ticket): Promise<void>
  /** Adds an entry at `dueAt` (epoch ms) that stands by itself. */
  name(id: InvocationId, kind: AgendaKind, dueAt: number): Promise<Ticket>
  /** Replaces the kept watches by such an entry. */
  handOver(id: InvocationId, kind: AgendaKind, dueAt: number): Promise<void>
  /** Takes back what is kept: the invocation needs no more attention. */
  release(id: InvocationId): void
}

/** `ticket`: none yet while it is being made. */
type Kept = { readonly made: Promise<Ticket>; ticket: Ticket | undefined }

const prefix = 'i:'

export function createGuards(agenda: Agenda, clock: Clock, watchMs: number): Guards {
  const kept = new Map<InvocationId, readonly Kept[]>()
  const takenBack = new WeakSet<Ticket>()

  const name = (id: InvocationId, kind: AgendaKind, dueAt: number) =>
    agenda.add({ subject: `${prefix}${id}`, kind, dueAt })
  const make = (id: InvocationId) => name(id, 'watch', clock.now() + watchMs)
  const of = (id: InvocationId) => kept.get(id) ?? []
  const keepOnly = (id: InvocationId, some: readonly Kept[]) => {
    if (some.length === 0) kept.delete(id)
    else kept.set(id, some)
  }
  const leave = (id: InvocationId, ticket: Ticket) =>
    keepOnly(
      id,
      of(id).filter((one) => one.ticket !== ticket),
    )
  const retire = (ticket: Ticket) => {
    takenBack.add(ticket)
    agenda.retire(ticket)
  }
  const takeBack = (id: InvocationId, some: readonly Kept[]) => {
    keepOnly(
      id,
      of(id).filter((one) => !some.includes(one)),
    )
    // One whose making failed has nothing to take back.
    for (const { made } of some) void made.then(retire, () => undefined)
  }

  return {
    make,
    name,
    leave,
    async watch(id) {
      const watch: Kept = { made: make(id), ticket: undefined }
      keepOnly(id, [...of(id), watch])
      watch.ticket = await watch.made
      return watch.ticket
    },
    keep(id, ticket) {
      takenBack.delete(ticket)
      if (of(id).some((one) => one.ticket === ticket)) return
      keepOnly(id, [...of(id), { made: Promise.resolve(ticket), ticket }])
    },
    drop(id, ticket) {
      leave(id, ticket)
      retire(ticket)
    },
    async confirm(ticket) {
      if (takenBack.has(ticket) || agenda.counts(ticket)) return
      await agenda.renew(ticket)
    },
    async handOver(id, kind, dueAt) {
      const before = of(id)
      await name(id, kind, dueAt)
      takeBack(id, before)
    },
    release: (id) => takeBack(id, of(id)),
  }
}
