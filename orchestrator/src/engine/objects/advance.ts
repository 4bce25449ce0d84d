import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { isRunnable } from '../../domain/invocation/due.ts'
import type { InvocationState } from '../../domain/invocation/state.ts'
import { patchOf } from '../../domain/objects/cells.ts'
import { doneOf, judgeEdit } from '../../domain/objects/head.ts'
import { judgeTurn } from '../../domain/objects/mail.ts'
import type { Mail, ObjectHead } from '../../ports/index.ts'
import { carry } from '../invocations/carry.ts'
import { deliver } from '../invocations/deliver.ts'
import type { EngineDeps } from '../invocations/engine-deps.ts'
import type { JournalSession } from '../invocations/journal-session.ts'
import { persist } from '../invocations/persist.ts'
import { retain } from '../invocations/retain.ts'
import type { Work } from '../invocations/work.ts'
import { begin } from './begin.ts'
import { finishHolder, finishSlot, noPatch, refOf } from './finish-slot.ts'
import { joinAsker } from './join-asker.ts'
import type { Finding, Mailbox, Manner } from './mailbox.ts'
import type { Turn } from './turn.ts'

/** One step on: the next slot may have its turn at once. */
type Step = Finding | 'on'

/**
 * Sees to it that the slot after `done` has its turn: begins it, or ends what is over, up to one that holds the key
 * (INV-6). Idempotent: whoever comes by may do it, at the same time as others. Waits for stores, never for a permit or
 * another key (INV-11).
 */
export function advance(
  deps: EngineDeps,
  work: Work,
  mailbox: Mailbox,
  manner: Manner,
): Promise<Finding> {
  return mailbox.inTurn(manner, async (now) => {
    try {
      for (;;) {
        const step = await persist(deps, mailbox.subject, () => look(deps, work, mailbox, now))
        if (step !== 'on') return step
      }
    } finally {
      if (!mailbox.isExpecting) releasePermits(mailbox)
    }
  })
}

function releasePermits({ permits }: Mailbox): void {
  for (const permit of permits.values()) permit.release()
  permits.clear()
}

async function look(deps: EngineDeps, work: Work, mailbox: Mailbox, manner: Manner): Promise<Step> {
  const { ref } = mailbox
  const head = await deps.objects.head(ref)
  const [slot] = await deps.objects.slots(ref, (head?.done ?? 0) + 1, 1)
  const done = doneOf(head, slot)
  if (slot !== undefined || manner !== 'turn') await redeliver(deps, work, mailbox, done)
  if (slot === undefined) {
    // Whoever ended the last one may still be at its deliveries: the entry stands for them, too.
    if (mailbox.delivered >= done) mailbox.release()
    return 'empty'
  }
  if (slot.mail.kind === 'edit') return edit({ deps, work, mailbox, slot, manner }, slot.mail, head)
  return haveTurn({ deps, work, mailbox, slot, manner }, slot.mail.invocation)
}

/**
 * Whoever goes on to the next slot without having delivered himself what the last one asked for does so first: the
 * one who ended it may have died in between, and then nobody else ever would (trace 15).
 */
async function redeliver(
  deps: EngineDeps,
  work: Work,
  mailbox: Mailbox,
  done: number,
): Promise<void> {
  if (mailbox.delivered >= done) return
  const [last] = await deps.objects.slots(mailbox.ref, done, 1)
  if (last?.n === done && last.mail.kind === 'invocation') {
    await deps.sessions.use(last.mail.invocation, async (session) => {
      const state = await session.refresh()
      if (state?.created.slot !== done || state.phase.kind !== 'closed') return
      await carry(deps, work, session)
      await deliver(deps, work, session, state.phase.outcome)
    })
  }
  mailbox.delivered = Math.max(mailbox.delivered, done)
}

/** What becomes of it is written to its slot first: it follows from the head, which changes only after that. */
async function edit(
  { deps, mailbox, slot }: Turn,
  { edit: change, retentionMs }: Extract<Mail, { kind: 'edit' }>,
  head: ObjectHead | undefined,
): Promise<'on'> {
  const verdict = judgeEdit(head, change)
  await deps.objects.markSlot(mailbox.ref, slot.n, verdict)
  await finishSlot(deps, mailbox.ref, {
    slot: slot.n,
    patch: verdict === 'applied' ? patchOf(change.patch) : noPatch,
    expires: deps.clock.now() + 2 * retentionMs,
  })
  mailbox.delivered = slot.n
  return 'on'
}

function haveTurn(turn: Turn, id: InvocationId): Promise<Step> {
  const { deps, slot } = turn
  return deps.sessions.use(id, async (session) => {
    if (slot.mark === 'void') return pass(turn)
    if (session.busy && session.state?.created.slot === slot.n) {
      await keepJournal(turn, session)
      return 'busy'
    }
    const state = await session.refresh()
    await keepJournal(turn, session)
    switch (judgeTurn(slot.n, state)) {
      case 'begins':
        return begin(turn, session)
      case 'holds':
        return state === undefined ? 'on' : hold(turn, session, state)
      case 'over':
        return conclude(turn, session)
      case 'void':
        return pass(turn)
    }
  })
}

/** A holder that is at work may stand on the agenda by its key alone, for longer than its journal is kept. */
async function keepJournal({ deps, work, manner }: Turn, session: JournalSession): Promise<void> {
  const { state } = session
  if (manner !== 'turn' && state !== undefined) await retain(deps, work, session, state)
}

/** Nothing of it counts: its invocation has another slot. */
async function pass(turn: Turn): Promise<'on'> {
  const { deps, mailbox, slot } = turn
  await joinAsker(turn)
  const expires = slot.expires + Math.max(0, slot.expires - deps.clock.now())
  await finishSlot(deps, mailbox.ref, { slot: slot.n, patch: noPatch, expires })
  mailbox.delivered = slot.n
  return 'on'
}

/** Its output is durable. Whoever wrote it may have died there, or is about to do the same. */
async function conclude(
  { deps, work, mailbox, slot }: Turn,
  session: JournalSession,
): Promise<'on'> {
  await carry(deps, work, session)
  const { state } = session
  const ref = state === undefined ? undefined : refOf(state)
  if (state?.phase.kind !== 'closed' || ref === undefined) return 'on'
  await finishHolder(deps, session, state, ref)
  await deliver(deps, work, session, state.phase.outcome)
  mailbox.delivered = slot.n
  return 'on'
}

/**
 * The holder has begun. Whoever brings it on has it on the agenda; only where he may have died is that done again, and
 * where it is not known, at the second look that sees nothing new.
 */
function hold(
  { work, mailbox, slot, manner, deps }: Turn,
  session: JournalSession,
  state: InvocationState,
): Finding {
  const isRunning = state.phase.kind === 'running'
  const isAtWork = isRunning || isRunnable(state, deps.clock.now())
  const sight = `${slot.n} ${state.epoch} ${state.next}`
  const isLost =
    manner === 'recover' ||
    mailbox.unsure === slot.n ||
    (manner === 'look' && mailbox.seen === sight)
  if (!isLost) {
    if (manner === 'look') mailbox.seen = sight
  } else if (isRunning) {
    work.adopt(session)
  } else if (manner !== 'look' || isAtWork) {
    work.settle(session)
  }
  return isAtWork ? 'busy' : 'waiting'
}
