import type { EntryOf, InvocationId, Outcome } from '@fermata/lambda-runtime/protocol'
import { childIdFor, ProtocolError, parseAwakeableId } from '@fermata/lambda-runtime/protocol'
import type { Effect } from '../../domain/invocation/effects.ts'
import type { InvocationState } from '../../domain/invocation/state.ts'
import { collectFrom } from '../collect/collect-from.ts'
import { finishHolder, refOf } from '../objects/finish-slot.ts'
import { lookUp } from '../objects/queued.ts'
import type { EngineDeps } from './engine-deps.ts'
import type { JournalSession } from './journal-session.ts'
import { performPromise } from './promises.ts'
import { unstorable } from './unstorable.ts'
import type { Creation, Work } from './work.ts'

/** Does what a durable segment asks for: at least once, and once in effect (INV-5). */
export async function perform(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  effect: Effect,
): Promise<void> {
  const op = awaitedOp(effect)
  // All of it was done before. What came of it may be forgotten by now, and would begin again.
  if (op !== undefined && session.state?.settled.has(op)) return
  try {
    await carryOut(deps, work, session, effect)
  } catch (error) {
    const failure = unstorable(error)
    if (failure === undefined) throw error
    if (op !== undefined) return answer(work, session, op, { kind: 'failure', failure })
    const fields = { invocation: session.id, effect: effect.kind, failure }
    deps.logger.error(fields, 'What a handler sent does not fit into the table: it is dropped')
  }
}

function carryOut(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  effect: Effect,
): Promise<void> {
  switch (effect.kind) {
    case 'create':
      return effect.how === 'call'
        ? call(deps, work, session, effect.entry)
        : send(deps, work, session, effect.entry)
    case 'complete-awakeable':
      return completeAwakeable(deps, work, effect)
    case 'signal':
      return signal(work, session, effect.entry)
    case 'cancel':
      return end(work, effect.invocation, 'cancel')
    case 'attach':
      return attach(deps, work, session, effect.entry)
    case 'promise':
      return performPromise(deps, work, session, effect.entry)
    case 'end-children':
      return endChildren(deps, work, session, effect)
    default:
      return effect satisfies never
  }
}

/** The op that waits for what comes of it. Of an effect without one nothing can be told from the outside. */
function awaitedOp(effect: Effect): number | undefined {
  const isAwaited =
    effect.kind === 'attach' ||
    effect.kind === 'promise' ||
    (effect.kind === 'create' && effect.how === 'call')
  return isAwaited ? effect.entry.op : undefined
}

async function send(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  entry: EntryOf<'call'> | EntryOf<'send'>,
): Promise<void> {
  if (entry.kind === 'send' && entry.collect !== undefined) {
    await collectFrom(deps, work, session, entry, entry.collect)
    return
  }
  await work.create(creationOf(session, entry, 'send'), { source: 'asks-again', permit: undefined })
}

/** The caller's op waits for the callee: by the callee's origin, or as a waiter where the callee was there before. */
async function call(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  entry: EntryOf<'call'> | EntryOf<'send'>,
): Promise<void> {
  const { target, op } = entry
  const creation = creationOf(session, entry, 'call')
  if (await isUnserved(deps, creation)) {
    const message = `No deployment serves ${target.service}/${target.handler}`
    const failure = { code: 'handler-not-found', message, status: 404 }
    await answer(work, session, op, { kind: 'failure', failure })
    return
  }
  const created = await work.create(creation, { source: 'asks-again', permit: undefined })
  if (created.status === 'accepted' || created.state === undefined) return
  await waitFor(deps, work, session, creation.id, op)
}

/**
 * The output of `id` is to complete `op`, once what it changed can be seen by others. `false`: there is no such
 * invocation.
 */
async function waitFor(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  id: InvocationId,
  op: number,
): Promise<boolean> {
  const waiting = { kind: 'waiter', invocation: session.id, op } as const
  const told = await work.stimulate(id, waiting, 'asks-again')
  const phase = told?.state.phase
  if (told === undefined || phase?.kind !== 'closed') return told !== undefined
  await release(deps, id, told.state)
  await answer(work, session, op, phase.outcome)
  return true
}

/** Whoever ended a holder may have died, or stand still, before he released its key (INV-7). Again is the same. */
async function release(deps: EngineDeps, id: InvocationId, state: InvocationState): Promise<void> {
  const ref = refOf(state)
  if (ref === undefined || (state.created.slot ?? 0) === 0) return
  await deps.sessions.use(id, (session) => finishHolder(deps, session, state, ref))
}

async function attach(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  { invocation, op }: EntryOf<'attach'>,
): Promise<void> {
  if (await waitFor(deps, work, session, invocation, op)) return
  const message = `There is no invocation "${invocation}", or it has expired`
  const failure = { code: 'invocation-not-found', message, status: 404 }
  await answer(work, session, op, { kind: 'failure', failure })
}

async function signal(
  work: Work,
  session: JournalSession,
  { invocation, name, value, op }: EntryOf<'signal-send'>,
): Promise<void> {
  const id = `${session.id}.${op}`
  await work.stimulate(invocation, { kind: 'signal', name, value, id }, 'asks-again')
}

async function end(work: Work, id: InvocationId, how: 'cancel' | 'kill'): Promise<void> {
  await work.stimulate(id, { kind: how, reason: undefined }, 'asks-again')
}

/** Only those that were called: what was sent goes its own way. The call goes first: it may stand in the same segment. */
async function endChildren(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  { how, before }: Extract<Effect, { kind: 'end-children' }>,
): Promise<void> {
  const calls = [...(session.state?.calls ?? [])].filter(([op]) => op < before)
  for (const [, entry] of calls) {
    await call(deps, work, session, entry)
    await end(work, creationOf(session, entry, 'call').id, how)
  }
}

/** A callee that was created when its handler was still served answers for itself. */
async function isUnserved(deps: EngineDeps, { id, target }: Creation) {
  if ((await deps.directory.resolve(target)) !== undefined) return false
  return (await deps.sessions.use(id, (session) => lookUp(deps, session))) === undefined
}

async function answer(
  work: Work,
  session: JournalSession,
  op: number,
  outcome: Outcome,
): Promise<void> {
  await work.stimulate(session.id, { kind: 'completion', op, outcome }, 'asks-again')
}

function creationOf(
  session: JournalSession,
  entry: EntryOf<'call'> | EntryOf<'send'>,
  how: 'call' | 'send',
): Creation {
  const { target, op, idempotencyKey } = entry
  return {
    id: childIdFor(target, { parent: session.id, op, idempotencyKey }),
    target,
    input: entry.input,
    headers: entry.headers ?? {},
    origin: { kind: how, invocation: session.id, op },
    idempotencyKey,
    notBefore: entry.kind === 'send' ? entry.notBefore : undefined,
    minRetentionMs: session.state?.created.retentionMs ?? 0,
  }
}

/** An id that names nothing, or something long gone, is the handler's mistake: said, and dropped. */
async function completeAwakeable(
  deps: EngineDeps,
  work: Work,
  { awakeable, outcome }: Extract<Effect, { kind: 'complete-awakeable' }>,
): Promise<void> {
  try {
    const { invocation, op } = parseAwakeableId(awakeable)
    const completion = { kind: 'completion', op, outcome, by: 'awakeable-id' } as const
    await work.stimulate(invocation, completion, 'asks-again')
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    deps.logger.warn({ awakeable }, 'A handler completed an awakeable whose id names none')
  }
}
