import {
  type CollectedSend,
  type CollectorHead,
  type CollectorRef,
  collectorName,
  dueOf,
  headExpires,
  maxSlots,
  roomFor,
  sendsOf,
  slotExpires,
} from '../../domain/collect/collector.ts'
import type { CollectorSlot, StoredHead } from '../../ports/index.ts'
import type { EngineDeps } from '../invocations/engine-deps.ts'
import type { Work } from '../invocations/work.ts'
import { collectDue } from './collect-due.ts'
import type { Collected } from './lines.ts'

export const collectorPrefix = 'c:'

function subjectOf(ref: CollectorRef): string {
  return `${collectorPrefix}${collectorName(ref)}`
}

/** Takes a send, once, however often it comes. Sends that come one after another are taken in this order. */
export function collectSend(
  deps: EngineDeps,
  work: Work,
  ref: CollectorRef,
  send: CollectedSend,
): Promise<Collected> {
  return deps.collecting.lines.add(subjectOf(ref), send, (sends) => take(deps, work, ref, sends))
}

/**
 * A send is known as long as it waits by its slot, and then by a mark that is written before the head goes past the slot: so
 * the slots are looked at first, then the marks. Whoever puts a slot in its place has seen all before it.
 */
async function take(
  deps: EngineDeps,
  work: Work,
  ref: CollectorRef,
  sends: readonly CollectedSend[],
): Promise<readonly Collected[]> {
  for (;;) {
    const { head: stored, open } = await deps.collectors.read(ref, maxSlots)
    if (open.length >= maxSlots) {
      await collectDue(deps, work, ref)
    } else if (stored === undefined || stored.head.expires < slotExpires(sends)) {
      await keepHead(deps, ref, stored, sends)
    } else {
      const known = await knownAmong(deps, ref, open, sends)
      const taken = await append(deps, ref, { head: stored.head, open, sends, known })
      if (taken !== undefined) return taken
    }
  }
}

/** A head is there before its slots, and outlives them. */
async function keepHead(
  { collectors, random }: EngineDeps,
  ref: CollectorRef,
  stored: StoredHead | undefined,
  sends: readonly CollectedSend[],
): Promise<void> {
  const head = stored?.head ?? { life: random.nonce(), done: 0 }
  await collectors.writeHead(ref, { ...head, expires: headExpires(slotExpires(sends)) }, stored)
}

/** Which of the sends have been taken before. */
async function knownAmong(
  { collectors }: EngineDeps,
  ref: CollectorRef,
  open: readonly CollectorSlot[],
  sends: readonly CollectedSend[],
): Promise<ReadonlySet<CollectedSend>> {
  const seen = new Set(sendsOf(open).map(({ by }) => by))
  const known = new Set<CollectedSend>()
  await Promise.all(
    sends.map(async (send) => {
      const { by } = send
      if (seen.has(by)) known.add(send)
      seen.add(by)
      if (!known.has(send) && (await collectors.isTaken(ref, by))) known.add(send)
    }),
  )
  return known
}

type Coming = {
  readonly head: CollectorHead
  readonly open: readonly CollectorSlot[]
  readonly sends: readonly CollectedSend[]
  readonly known: ReadonlySet<CollectedSend>
}

/** `undefined`: somebody else was faster, nothing was taken. */
async function append(
  deps: EngineDeps,
  ref: CollectorRef,
  { head, open, sends, known }: Coming,
): Promise<readonly Collected[] | undefined> {
  const { clock, collecting, collectors, faults } = deps
  const subject = subjectOf(ref)
  const fresh = sends.filter((send) => !known.has(send))
  if (fresh.length === 0) {
    // Whoever took them may have died before they stood on the agenda.
    const due = dueOf(open)
    if (open.length > 0) await collecting.guard(subject, Math.max(due, clock.now()))
    return sends.map(() => 'duplicate')
  }
  const now = fresh.slice(0, roomFor(open, fresh))
  const n = (open.at(-1)?.n ?? head.done) + 1
  const slot = { n, life: head.life, sends: now, expires: slotExpires(now) }
  const due = dueOf([...open, slot])
  const dueAt = due === 0 ? dueOf([slot]) : due
  const ticket = await collecting.guard(subject, dueAt)
  if (!(await collectors.append(ref, slot))) return undefined
  await faults.reach('collect.after-append', subject)
  await collecting.confirm(subject, ticket, dueAt)
  if (due === 0) collecting.hurry(subject)
  const left = fresh[now.length]
  const done = left === undefined ? sends : sends.slice(0, sends.indexOf(left))
  return done.map((send) => (known.has(send) ? 'duplicate' : 'accepted'))
}
