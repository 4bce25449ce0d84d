import type { Entry, EntryOf } from '@fermata/lambda-runtime/protocol'
import { isRunnable } from '../../domain/invocation/due.ts'
import type { InvocationState } from '../../domain/invocation/state.ts'
import { retentionOf } from '../../domain/services/policy.ts'
import type { Ticket } from '../agenda/agenda.ts'
import type { Permit } from '../permits.ts'
import type { Deployment } from '../services/deployment-document.ts'
import type { EngineDeps } from './engine-deps.ts'
import type { JournalSession } from './journal-session.ts'
import { demandOn } from './leave.ts'
import type { Created, CreateOptions, Creation, Work } from './work.ts'

/**
 * Creates an invocation and puts it on the agenda, or finds that it exists and sees to it that somebody
 * looks at it. Segment 0 carries the first attempt if there is a permit at hand; none is waited for here.
 */
export function create(
  deps: EngineDeps,
  work: Work,
  creation: Creation,
  { source, permit }: CreateOptions,
): Promise<Created> {
  const { guards, sessions } = deps
  return sessions.use(creation.id, async (session) => {
    let held = permit
    try {
      const deployment = await deps.directory.resolve(creation.target)
      if (creation.slot === undefined) held ??= permitNow(deps, creation, deployment)
      const guarded = guard(deps, creation)
      guarded.catch(() => undefined)
      if (source === 'asks-once') await guarded
      await deps.faults.reach('accept.before-append', creation.id)
      // The deployment may be about to go since, or another may be newer.
      const still = await deps.directory.resolve(creation.target)
      if (still?.id !== deployment?.id) {
        held?.release()
        held = undefined
      }
      const made = await append(deps, session, creation, still, held !== undefined)
      await deps.faults.reach('accept.after-append', creation.id)
      if (made === 'created' && held !== undefined) {
        work.drive(session, held)
        held = undefined
      }
      const ticket = await guarded
      await guards.confirm(ticket)
      if (made === 'exists')
        return found(deps, work, session, await watching(deps, session, ticket))
      startLater(deps, work, session)
      return { status: 'accepted', state: session.state }
    } finally {
      held?.release()
    }
  })
}

function permitNow(
  deps: EngineDeps,
  creation: Creation,
  deployment: Deployment | undefined,
): Permit | undefined {
  if (deployment === undefined || !isDue(deps, creation)) return undefined
  return deps.permits.tryTake(demandOn(deployment, creation.target, undefined))
}

function isDue({ clock }: EngineDeps, { notBefore }: Creation): boolean {
  return notBefore === undefined || notBefore <= clock.now()
}

/** A delayed one is named at its time; all others are watched. */
function guard(deps: EngineDeps, creation: Creation): Promise<Ticket> {
  const { id, notBefore } = creation
  if (notBefore === undefined || isDue(deps, creation)) return deps.guards.watch(id)
  return deps.guards.name(id, 'timer', notBefore)
}

function append(
  { clock, directory }: EngineDeps,
  session: JournalSession,
  creation: Creation,
  deployment: Deployment | undefined,
  permitted: boolean,
): Promise<'created' | 'exists'> {
  const now = clock.now()
  const policy = directory.policyOf(creation.target, deployment)
  const retentionMs = retentionOf(policy, {
    hasKey: creation.idempotencyKey !== undefined,
    atLeastMs: creation.minRetentionMs,
  })
  const entries: Entry[] = [createdEntry(creation, retentionMs)]
  if (deployment === undefined) {
    const { service, handler } = creation.target
    const message = `No deployment serves ${service}/${handler}: register one, then resume this invocation`
    entries.push({ kind: 'paused', reason: { code: 'handler-not-found', message, status: 404 } })
  } else if (permitted) {
    const deadline = now + policy.timeoutMs
    entries.push({ kind: 'attempt', epoch: 1, deployment: deployment.id, deadline })
  }
  return session.create(entries, Math.max(now, creation.notBefore ?? 0) + retentionMs)
}

export function createdEntry(creation: Creation, retentionMs: number): EntryOf<'created'> {
  const { target, input, headers, origin, idempotencyKey, notBefore } = creation
  return {
    kind: 'created',
    target,
    input,
    headers: { ...headers },
    origin,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(notBefore === undefined ? {} : { notBefore }),
    retentionMs,
    ...(creation.slot === undefined ? {} : { slot: creation.slot }),
    ...(creation.restartOf === undefined ? {} : { restartOf: creation.restartOf }),
  }
}

/**
 * It was there before. A replica that died may have left it at any point, with no watch over it but its
 * source: so whoever finds it goes on with it.
 */
export function found(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  ticket: Ticket,
): Created {
  const { state, busy, id } = session
  if (state === undefined) deps.guards.drop(id, ticket)
  else if (state.phase.kind === 'running') work.adopt(session)
  else if (!busy) work.settle(session)
  return { status: 'duplicate', state }
}

/**
 * It may be due at another time than it was asked for now. An entry at that time stands for no wait of it, and whoever
 * takes this replica's shards over would give it up (INV-10).
 */
async function watching(
  { guards }: EngineDeps,
  { id, state }: JournalSession,
  ticket: Ticket,
): Promise<Ticket> {
  const { kind, dueAt } = ticket.entry
  if (kind === 'watch' || dueAt === state?.created.notBefore) return ticket
  const watch = await guards.watch(id)
  guards.drop(id, ticket)
  return watch
}

function startLater(deps: EngineDeps, work: Work, session: JournalSession): void {
  if (canStart(deps, session.state) && !session.busy) work.wakeLater(session.id)
}

function canStart({ clock }: EngineDeps, state: InvocationState | undefined): boolean {
  return state !== undefined && isRunnable(state, clock.now())
}
