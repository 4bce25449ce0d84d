import type { EntryOf } from '@fermata/lambda-runtime/protocol'
import type { InvocationState } from '../../domain/invocation/state.ts'
import { opening, type Start } from '../../domain/objects/mail.ts'
import type { EngineDeps } from '../invocations/engine-deps.ts'
import type { JournalSession } from '../invocations/journal-session.ts'
import { contextOf, demandOn } from '../invocations/leave.ts'
import type { Permit } from '../permits.ts'
import type { Deployment } from '../services/deployment-document.ts'
import type { Finding } from './mailbox.ts'
import { type Turn, unserved } from './turn.ts'

/**
 * Its turn has come: the journal gets its `created`, with the slot, and the first attempt if there is a permit. The
 * journal's own compare-and-set makes a second start harmless.
 */
export async function begin(turn: Turn, session: JournalSession): Promise<Finding | 'on'> {
  const { deps, work, mailbox, slot } = turn
  if (slot.mail.kind === 'edit') return 'on'
  const created = { ...slot.mail.created, slot: slot.n }
  await mailbox.ensure()
  const deployment = await deps.directory.resolve(created.target)
  let permit = mailbox.permits.get(slot.n) ?? permitNow(deps, created, deployment)
  mailbox.permits.delete(slot.n)
  try {
    const before = mailbox.unsure
    mailbox.unsure = slot.n
    const expires = await keptUntil(turn, session, created.retentionMs)
    const isMine = await write(deps, session, created, { deployment, permit, expires })
    mailbox.unsure = isMine ? 0 : before
    if (!isMine) return 'on'
    // What came for it while it waited may have been kept for less.
    await session.restamp(expires)
    const { state } = session
    if (state === undefined || state.phase.kind === 'closed') return 'on'
    if (state.phase.kind === 'running' && permit !== undefined) {
      work.drive(session, permit)
      permit = undefined
      return 'busy'
    }
    // It waits for a permit, or for a deployment.
    work.settle(session)
    return state.phase.kind === 'paused' ? 'waiting' : 'busy'
  } finally {
    permit?.release()
  }
}

/** So much of its retention it may have waited for its turn, and its journal is kept for no longer than its slot. */
const tolerated = 0.01

/**
 * Its slot and its journal expire at one moment (epoch ms): a journal without a slot would not keep the next one from
 * beginning (INV-6), a slot without a journal would begin again.
 */
async function keptUntil(
  { deps, mailbox, slot }: Turn,
  { state, expires }: JournalSession,
  retentionMs: number,
): Promise<number> {
  const known = state === undefined ? 0 : expires
  const wanted = Math.max(known, deps.clock.now() + retentionMs)
  const isLongEnough = wanted - slot.expires <= retentionMs * tolerated
  if (isLongEnough && known <= slot.expires) return slot.expires
  await deps.objects.restampSlot(mailbox.ref, slot.n, wanted)
  return wanted
}

function permitNow(
  deps: EngineDeps,
  { origin, target }: EntryOf<'created'>,
  deployment: Deployment | undefined,
): Permit | undefined {
  if (deployment === undefined) return undefined
  const subscription = origin.kind === 'kafka' ? origin.subscription : undefined
  return deps.permits.tryTake(demandOn(deployment, target, subscription))
}

type Means = {
  readonly deployment: Deployment | undefined
  readonly permit: Permit | undefined
  /** Epoch ms. */
  readonly expires: number
}

/** `false`: somebody else was faster. */
async function write(
  deps: EngineDeps,
  session: JournalSession,
  created: EntryOf<'created'>,
  means: Means,
): Promise<boolean> {
  const { clock, directory } = deps
  const now = clock.now()
  const { timeoutMs } = directory.policyOf(created.target, means.deployment)
  const start = startOf(created, means, now + timeoutMs)
  if (session.state !== undefined) return place(deps, session, created, means)
  const made = await session.create((before) => opening(created, before, start), means.expires)
  return made === 'created'
}

/** It had a journal before it had a place: it was to wait first, or nobody served it. */
async function place(
  deps: EngineDeps,
  session: JournalSession,
  created: EntryOf<'created'>,
  { deployment, permit }: Means,
): Promise<boolean> {
  const permitted =
    deployment === undefined || permit === undefined ? undefined : { deployment, permit }
  const stimulus = { kind: 'place', created } as const
  const { appended } = await session.apply(stimulus, (state: InvocationState) =>
    contextOf(deps, state, permitted),
  )
  return appended !== undefined
}

function startOf(
  { target }: EntryOf<'created'>,
  { deployment, permit }: Pick<Means, 'deployment' | 'permit'>,
  deadline: number,
): Start {
  if (deployment === undefined) return { kind: 'unserved', reason: unserved(target) }
  if (permit === undefined) return { kind: 'wait' }
  return { kind: 'leave', leave: { deployment: deployment.id, deadline } }
}
