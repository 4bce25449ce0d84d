import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { halfRetentionOf, judgeTurn } from '../../domain/objects/mail.ts'
import type { AgendaEntry, ObjectHead, Slot } from '../../ports/index.ts'
import type { NudgeAnswer, Ticket } from '../agenda/agenda.ts'
import type { EngineDeps } from '../invocations/engine-deps.ts'
import type { Work } from '../invocations/work.ts'
import { keepYoung } from '../payloads/keep-young.ts'
import { advance } from './advance.ts'
import type { Mailbox } from './mailbox.ts'
import { readKeySubject } from './mailboxes.ts'

/**
 * Looks at a key: delivers what its last slot asked for, and sees to the one after it. The entry is given up only when
 * a read finds nothing that waits, or another entry stands for what does (traces 6, 15).
 */
export async function nudgeKey(
  deps: EngineDeps,
  work: Work,
  entry: AgendaEntry,
  ticket: Ticket,
): Promise<NudgeAnswer> {
  const mailbox = deps.mailboxes.of(readKeySubject(entry.subject))
  const isOwn = mailbox.keeps(ticket) || mailbox.standing === ticket
  const finding = await advance(deps, work, mailbox, isOwn ? 'look' : 'recover')
  const now = deps.clock.now()
  // The append that it protects may be on its way from a replica that stalls.
  if (entry.kind === 'watch' && entry.dueAt > now) {
    mailbox.keep(ticket)
    return { kind: 'again', dueAt: entry.dueAt, agendaKind: 'watch' }
  }
  mailbox.leave(ticket)
  if (finding === 'empty' && !mailbox.isExpecting) return giveUp(mailbox, ticket)
  // What waits behind a holder that works waits, too.
  const stampAt = await stampSlots(deps, mailbox)
  if (finding === 'waiting') return standFor(mailbox, ticket, stampAt)
  // One entry is enough, however many appends there were.
  if (mailbox.isWatched) return giveUp(mailbox, ticket)
  mailbox.keep(ticket)
  return { kind: 'again', dueAt: now + deps.times.watchMs, agendaKind: 'watch' }
}

/** One entry stands for the wait; it is not for any append any more. */
function standFor(mailbox: Mailbox, ticket: Ticket, dueAt: number): NudgeAnswer {
  const other = mailbox.standing
  const isNamed = other !== undefined && other !== ticket && other.entry.dueAt <= dueAt
  if (isNamed) return { kind: 'retire' }
  mailbox.standing = ticket
  return { kind: 'again', dueAt, agendaKind: 'retain' }
}

function giveUp(mailbox: Mailbox, ticket: Ticket): NudgeAnswer {
  if (mailbox.standing === ticket) mailbox.standing = undefined
  return { kind: 'retire' }
}

const page = 100

/**
 * Stamps the slots that wait, the holder's too, once half their retention is over, so that none expires that is not
 * over (trace 7). Answers when that is due next (epoch ms). What is known not to be due is not read.
 */
async function stampSlots(deps: EngineDeps, mailbox: Mailbox): Promise<number> {
  const { clock, objects } = deps
  const head = await objects.head(mailbox.ref)
  const done = head?.done ?? 0
  const isDue = mailbox.stamped.dueAt <= clock.now() || mailbox.stamped.upTo <= done
  const known = isDue ? { upTo: done, dueAt: Number.POSITIVE_INFINITY } : mailbox.stamped
  const seen = new Set<InvocationId>()
  let { dueAt, upTo } = known
  for (;;) {
    const slots = await objects.slots(mailbox.ref, upTo + 1, page)
    for (const slot of slots) {
      dueAt = Math.min(dueAt, await stampSlot(deps, mailbox, slot, seen))
      upTo = slot.n
    }
    if (slots.length < page) break
  }
  mailbox.stamped = { upTo, dueAt }
  if (isDue) await stampHead(deps, mailbox, head)
  return Number.isFinite(dueAt) ? dueAt : clock.now() + deps.times.watchMs
}

/** A second slot of one invocation is marked, so that it is known to be void when the first, and the journal, are long forgotten. */
async function stampSlot(
  deps: EngineDeps,
  { ref }: Mailbox,
  slot: Slot,
  seen: Set<InvocationId>,
): Promise<number> {
  const { clock, objects, sessions } = deps
  const half = slot.expires - halfRetentionOf(slot)
  const { mail } = slot
  if (mail.kind === 'invocation' && slot.mark === undefined) {
    if (seen.has(mail.invocation)) await objects.markSlot(ref, slot.n, 'void')
    seen.add(mail.invocation)
  }
  const now = clock.now()
  if (now < slot.expires - half) return slot.expires - half
  const expires = now + 2 * half
  await objects.restampSlot(ref, slot.n, expires)
  if (mail.kind === 'invocation') {
    await sessions.use(mail.invocation, async (session) => {
      await session.stampPreface(expires)
      if (judgeTurn(slot.n, session.state) === 'void') await objects.markSlot(ref, slot.n, 'void')
      const news = session.segments.flatMap(({ entries }) => entries)
      await keepYoung(deps, mail.invocation, [mail.created, ...news])
    })
  }
  return now + half
}

/** A head that may expire outlives what waits behind it. */
async function stampHead(
  { objects, times }: EngineDeps,
  mailbox: Mailbox,
  head: ObjectHead | undefined,
): Promise<void> {
  if (head?.expires === undefined) return
  const [first] = await objects.slots(mailbox.ref, head.done + 1, 1)
  if (first === undefined) return
  const expires = 2 * first.expires - halfRetentionOf(first) + times.watchMs
  if (expires <= head.expires) return
  await objects.writeHead(mailbox.ref, { ...head, expires, writes: head.writes + 1 }, head)
}
