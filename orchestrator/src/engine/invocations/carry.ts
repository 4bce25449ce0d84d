import type { EntryOf, Outcome } from '@fermata/lambda-runtime/protocol'
import {
  childInvocationId,
  deriveInvocationId,
  ProtocolError,
  parseAwakeableId,
} from '@fermata/lambda-runtime/protocol'
import { type Effect, effectsOf, uncarried } from '../../domain/invocation/effects.ts'
import type { EngineDeps } from './engine-deps.ts'
import type { JournalSession } from './journal-session.ts'
import { persist } from './persist.ts'
import type { Creation, Work } from './work.ts'

const sideBySide = 32
const nothing: ReadonlySet<number> = new Set()

/**
 * Carries out what the journal's durable segments ask for and has not been done yet as far as this replica
 * knows. Everything here is idempotent by a derived id, so doing it again after a crash changes nothing (INV-5).
 */
export function carry(deps: EngineDeps, work: Work, session: JournalSession): Promise<void> {
  return session.effects.take(async () => {
    const { segments, carried, state } = session
    for (const segment of uncarried(segments, carried, state?.refused ?? nothing)) {
      await deps.faults.reach('effects.before', session.id)
      const effects = effectsOf(segment)
      for (let from = 0; from < effects.length; from += sideBySide) {
        if (from > 0) await deps.faults.reach('effects.between', session.id)
        const some = effects.slice(from, from + sideBySide)
        await Promise.all(
          some.map((effect) =>
            persist(deps, session.id, () => perform(deps, work, session, effect)),
          ),
        )
      }
      await deps.faults.reach('effects.after', session.id)
      session.markCarried(segment.n)
    }
  })
}

function perform(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  effect: Effect,
): Promise<void> {
  switch (effect.kind) {
    case 'create':
      return effect.how === 'call'
        ? call(deps, work, session, effect.entry)
        : send(work, session, effect.entry)
    case 'complete-awakeable':
      return completeAwakeable(deps, work, effect)
    default:
      return effect satisfies never
  }
}

async function send(
  work: Work,
  session: JournalSession,
  entry: EntryOf<'call'> | EntryOf<'send'>,
): Promise<void> {
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
  const waiting = { kind: 'waiter', invocation: session.id, op } as const
  const told = await work.stimulate(creation.id, waiting, 'asks-again')
  const phase = told?.state.phase
  if (phase?.kind === 'closed') await answer(work, session, op, phase.outcome)
}

/** A callee that was created when its handler was still served answers for itself. */
async function isUnserved({ directory, sessions }: EngineDeps, { id, target }: Creation) {
  if ((await directory.resolve(target)) !== undefined) return false
  return (await sessions.use(id, (session) => session.refresh())) === undefined
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
    id:
      idempotencyKey === undefined
        ? childInvocationId(target.service, session.id, op)
        : deriveInvocationId(target.service, ['key', target.handler, idempotencyKey]),
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
