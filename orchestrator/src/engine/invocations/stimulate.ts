import type { InvocationId, Segment } from '@fermata/lambda-runtime/protocol'
import { FermataError } from '../../domain/errors.ts'
import { decide } from '../../domain/invocation/decide.ts'
import { isRunnable, needsPlace } from '../../domain/invocation/due.ts'
import type { InvocationState } from '../../domain/invocation/state.ts'
import type { Stimulus } from '../../domain/invocation/stimulus.ts'
import type { Ticket } from '../agenda/agenda.ts'
import { tellQueued } from '../objects/queued.ts'
import type { Permit } from '../permits.ts'
import type { Deployment } from '../services/deployment-document.ts'
import type { EngineDeps } from './engine-deps.ts'
import type { JournalSession } from './journal-session.ts'
import { contextOf, demandOf, deploymentOf } from './leave.ts'
import { nextLooks } from './next-look.ts'
import { type Applied, begins } from './segments.ts'
import { unstorable } from './unstorable.ts'
import type { CreateOptions, Told, Work } from './work.ts'

/**
 * Brings news to an invocation: one append, with the next attempt in it if the news sets the handler free and
 * there is a permit. News is never on nobody's agenda: before it is written its source is, or the receiver is; and
 * before this resolves the receiver is, or it needs nobody (it is closed, waits, or runs under its driver's watch).
 */
export function stimulate(
  deps: EngineDeps,
  work: Work,
  id: InvocationId,
  stimulus: Stimulus,
  source: CreateOptions['source'],
): Promise<Told | undefined> {
  return deps.sessions.use(id, async (session) => {
    const before = session.state ?? (await session.refresh())
    if (before === undefined) {
      const told = await tellQueued(deps, session, stimulus)
      return told === 'begun' ? stimulate(deps, work, id, stimulus, source) : told
    }
    const guard = source === 'asks-once' ? await deps.guards.make(id) : undefined
    const permitted = await permitFor(deps, session, before, stimulus)
    let held: Permit | undefined = permitted?.permit
    try {
      const { state, appended } = await apply(deps, session, { stimulus, source }, permitted)
      if (held !== undefined && begins(appended)) {
        const watched = keepWatch(deps, id, guard)
        work.drive(session, held)
        held = undefined
        await watched
      } else {
        await followUp(deps, work, session, { stimulus, guard, appended })
      }
      return state === undefined ? undefined : { state, appended: appended !== undefined }
    } finally {
      held?.release()
    }
  })
}

/** A result from inside that its receiver has no room for is a failure to it: it would wait without end. */
async function apply(
  deps: EngineDeps,
  session: JournalSession,
  { stimulus, source }: { readonly stimulus: Stimulus; readonly source: CreateOptions['source'] },
  permitted: { readonly permit: Permit; readonly deployment: Deployment } | undefined,
): Promise<Applied> {
  const context = (now: InvocationState) => contextOf(deps, now, permitted)
  try {
    return await session.apply(stimulus, context)
  } catch (error) {
    const failure = unstorable(error)
    if (failure === undefined || source === 'asks-once' || stimulus.kind !== 'completion')
      throw error
    return session.apply({ ...stimulus, outcome: { kind: 'failure', failure } }, context)
  }
}

type Brought = {
  readonly stimulus: Stimulus
  readonly guard: Ticket | undefined
  readonly appended: Segment | undefined
}

/** No attempt began with the news. */
async function followUp(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  { stimulus, guard, appended }: Brought,
): Promise<void> {
  const { id, state } = session
  if (needsStart(deps, session, state)) {
    await keepWatch(deps, id, guard)
    work.wakeLater(id)
  } else if (needsSettling(deps, session, stimulus, appended)) {
    await keepWatch(deps, id, guard)
    work.settle(session)
  } else {
    if (stimulus.kind === 'heartbeat') await nameDeadline(deps, session)
    await leave(deps, session, guard, appended === undefined)
  }
}

async function keepWatch(
  { guards }: EngineDeps,
  id: InvocationId,
  guard: Ticket | undefined,
): Promise<void> {
  if (guard === undefined) {
    await guards.watch(id)
  } else {
    guards.keep(id, guard)
    await guards.confirm(guard)
  }
}

/**
 * The news starts nothing here. Whoever is at work here takes the guard over. An attempt that runs elsewhere has its
 * driver's watch; but if the news was there already, its bringer may have died before he set that watch, and even
 * after the attempt that he began has asked for more: so one of ours stays on the agenda until it is looked at (INV-10).
 */
async function leave(
  deps: EngineDeps,
  session: JournalSession,
  guard: Ticket | undefined,
  foundThere: boolean,
): Promise<void> {
  const { guards } = deps
  const { state } = session
  const mayBeNobodys = !session.busy && state !== undefined && state.phase.kind !== 'closed'
  if (guard !== undefined && session.busy) await keepWatch(deps, session.id, guard)
  else if (foundThere && mayBeNobodys)
    await guards.confirm(guard ?? (await guards.make(session.id)))
  else if (guard !== undefined) guards.drop(session.id, guard)
}

/**
 * News has ended it, here or before, and nobody here is at work on it: it must be seen off. Who brought the same news
 * before may have died before he did so. One that is cancelled and has no place gets one.
 */
function needsSettling(
  { clock }: EngineDeps,
  { busy, state }: JournalSession,
  stimulus: Stimulus,
  appended: Segment | undefined,
): boolean {
  if (busy || state === undefined) return false
  const isClosed = state.phase.kind === 'closed'
  switch (stimulus.kind) {
    case 'cancel':
    case 'kill':
      return isClosed || needsPlace(state, clock.now())
    case 'pause':
      return appended !== undefined
    // By the attempt that it set free. What comes after an end that it has no part in changes nothing.
    case 'completion':
      return isClosed && state.settled.has(stimulus.op)
    case 'signal':
      return isClosed && stimulus.id !== undefined && state.signalIds.has(stimulus.id)
    default:
      return false
  }
}

/** The entry on the agenda names the deadline that is now put off, and goes with it. */
async function nameDeadline(deps: EngineDeps, session: JournalSession): Promise<void> {
  const { state, id } = session
  if (session.busy || state?.phase.kind !== 'suspended') return
  const [next] = nextLooks(deps, session, state)
  await deps.guards.name(id, next.kind, next.dueAt)
}

function needsStart(
  { clock }: EngineDeps,
  session: JournalSession,
  state: InvocationState | undefined,
): boolean {
  return state !== undefined && !session.busy && isRunnable(state, clock.now())
}

/** A permit, if the news would start an attempt and one is free. */
async function permitFor(
  deps: EngineDeps,
  session: JournalSession,
  state: InvocationState,
  stimulus: Stimulus,
): Promise<{ permit: Permit; deployment: Deployment } | undefined> {
  const allowed = { ...contextOf(deps, state, undefined), leave: { deployment: '', deadline: 0 } }
  const starts = decide(state, stimulus, allowed).entries.some((entry) => entry.kind === 'attempt')
  if (!starts || session.busy) return undefined
  const deployment = await deploymentOf(deps, state).catch(unlessMissing)
  if (deployment === undefined) return undefined
  const permit = deps.permits.tryTake(demandOf(state, deployment))
  return permit === undefined ? undefined : { permit, deployment }
}

function unlessMissing(error: unknown): undefined {
  if (error instanceof FermataError) return undefined
  throw error
}
