import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { AgendaKind, Clock } from '../../ports/index.ts'
import type { Agenda, Ticket } from '../agenda/agenda.ts'

/**
 * The agenda entries that stand for open invocations while this replica is at work on them.
 *
 * A watch that is *kept* belongs to the work in progress and ends with it. One that is only *made* is its
 * maker's until the append that it protects is done: nobody else may take it back meanwhile.
 */
export interface Guards {
  /** Makes and keeps a watch; durable and counting when it resolves, kept from the call on. */
  watch(id: InvocationId): Promise<void>
  make(id: InvocationId): Promise<Ticket>
  keep(id: InvocationId, ticket: Ticket): void
  drop(ticket: Ticket): void
  /** After the append that a made watch protects: it must still count, else it is written again. */
  recount(ticket: Ticket): Promise<void>
  /** The same for those that are kept. */
  confirm(id: InvocationId): Promise<void>
  /** Replaces the kept watches by one entry at `dueAt` (epoch ms), which the agenda keeps from then on. */
  handOver(id: InvocationId, kind: AgendaKind, dueAt: number): Promise<void>
  /** Takes back what is kept: the invocation needs no more attention. */
  release(id: InvocationId): void
}

const prefix = 'i:'

export function createGuards(agenda: Agenda, clock: Clock, watchMs: number): Guards {
  const kept = new Map<InvocationId, readonly Promise<Ticket>[]>()

  const add = (id: InvocationId, kind: AgendaKind, dueAt: number) =>
    agenda.add({ subject: `${prefix}${id}`, kind, dueAt })
  const make = (id: InvocationId) => add(id, 'watch', clock.now() + watchMs)
  const recount = async (ticket: Ticket) => {
    if (!agenda.counts(ticket)) await agenda.renew(ticket)
  }
  const of = (id: InvocationId) => kept.get(id) ?? []
  const keepAll = (id: InvocationId, tickets: readonly Promise<Ticket>[]) => {
    if (tickets.length === 0) kept.delete(id)
    else kept.set(id, tickets)
  }
  /** One whose making failed has nothing to take back. */
  const retire = (ticket: Promise<Ticket>) =>
    void ticket.then(
      (made) => agenda.retire(made),
      () => undefined,
    )
  const takeBack = (id: InvocationId, tickets: readonly Promise<Ticket>[]) => {
    keepAll(
      id,
      of(id).filter((ticket) => !tickets.includes(ticket)),
    )
    for (const ticket of tickets) retire(ticket)
  }

  return {
    make,
    async watch(id) {
      const ticket = make(id)
      keepAll(id, [...of(id), ticket])
      await ticket
    },
    keep: (id, ticket) => keepAll(id, [...of(id), Promise.resolve(ticket)]),
    drop: (ticket) => agenda.retire(ticket),
    recount,
    async confirm(id) {
      for (const ticket of await Promise.all(of(id))) await recount(ticket)
    },
    async handOver(id, kind, dueAt) {
      const before = of(id)
      await add(id, kind, dueAt)
      takeBack(id, before)
    },
    release: (id) => takeBack(id, of(id)),
  }
}
