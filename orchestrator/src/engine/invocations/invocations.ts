import type { InvocationState } from '../../domain/invocation/state.ts'
import type { AgendaEntry, PromiseRecord } from '../../ports/index.ts'
import type { NudgeAnswer, Ticket } from '../agenda/agenda.ts'
import { accept } from '../objects/accept.ts'
import { advance } from '../objects/advance.ts'
import { placeLate } from '../objects/enqueue.ts'
import type { Permit } from '../permits.ts'
import { completePromiseOnce, type PromiseCompletion } from './complete-promise.ts'
import { drive } from './drive.ts'
import type { EngineDeps } from './engine-deps.ts'
import type { JournalSession } from './journal-session.ts'
import { nudgeSubject } from './nudge-subject.ts'
import { persist, Stopped } from './persist.ts'
import { resume } from './resume.ts'
import { settle } from './settle.ts'
import { stimulate } from './stimulate.ts'
import { wakeWhenPermitted } from './wake.ts'
import { createWaking } from './waking.ts'
import type { Work } from './work.ts'

/** All that is done with invocations: creating, running, waking, recovering. */
export interface Invocations extends Work {
  nudge(entry: AgendaEntry, ticket: Ticket): Promise<NudgeAnswer>
  /** Durable when it resolves; the waiters are woken in the background. */
  completePromise(completion: PromiseCompletion): Promise<PromiseRecord>
  /** How many accepted ones of a service wait for a permit. What waits in Kafka is not among them. */
  waitingOf(service: string): number
  /** Ends a pause, on another deployment if that is given. Resolves when the next attempt has begun. */
  resume(
    session: JournalSession,
    state: InvocationState,
    deployment: string | undefined,
  ): Promise<void>
  /** Resolves when no attempt runs here. */
  quiet(): Promise<void>
  /** Resolves when nothing at all is under way in the background. */
  idle(): Promise<void>
}

export function createInvocations(deps: EngineDeps): Invocations {
  const attempts = new Set<Promise<void>>()
  const others = new Set<Promise<void>>()
  const inBackground = (tasks: Set<Promise<void>>, id: string, task: () => Promise<void>) => {
    const running = task()
      .catch((error: unknown) => report(deps, id, error))
      .finally(() => tasks.delete(running))
    tasks.add(running)
  }

  const runAttempts = (session: JournalSession, permit: Permit | undefined) => {
    if (session.busy) return session.next.offer(permit)
    session.busy = true
    inBackground(permit === undefined ? others : attempts, session.id, () =>
      deps.sessions.use(session.id, async () => {
        try {
          await drive(deps, work, session, permit)
        } catch (error) {
          // The attempt after it stands on the agenda, like this one.
          session.next.take()?.release()
          throw error
        } finally {
          session.busy = false
        }
        const next = session.next.take()
        if (next === undefined) await settle(deps, work, session)
        else runAttempts(session, next)
      }),
    )
  }

  const work: Work = {
    create: (creation, options) => accept(deps, work, creation, options),
    stimulate: (id, stimulus, source) => stimulate(deps, work, id, stimulus, source),
    drive: runAttempts,
    adopt: (session) => runAttempts(session, undefined),
    settle: (session) =>
      inBackground(others, session.id, () =>
        deps.sessions.use(session.id, () => settle(deps, work, session)),
      ),
    wakeLater: (id) => waking.later(id),
    advance(ref, manner) {
      const mailbox = deps.mailboxes.of(ref)
      inBackground(others, mailbox.subject, async () => {
        await advance(deps, work, mailbox, manner)
      })
    },
    place: (session) => persist(deps, session.id, () => placeLate(deps, work, session)),
  }

  const waking = createWaking(
    (id) => wakeWhenPermitted(deps, work, id),
    (id, task) => inBackground(others, id, task),
  )

  return {
    ...work,
    nudge: (entry, ticket) => nudgeSubject(deps, work, entry, ticket),
    completePromise: (completion) =>
      completePromiseOnce(deps, work, completion, (task) =>
        inBackground(others, completion.promise.name, task),
      ),
    waitingOf: (service) => waking.sizeOf(service),
    resume: (session, state, deployment) => resume(deps, work, session, { state, deployment }),
    quiet: () => emptied([attempts]),
    idle: () => emptied([attempts, others]),
  }
}

async function emptied(sets: readonly ReadonlySet<Promise<void>>[]): Promise<void> {
  while (sets.some((set) => set.size > 0)) await Promise.allSettled(sets.flatMap((set) => [...set]))
}

/** What a background task could not do stays on the agenda and is looked at again. */
function report({ logger, stopping }: EngineDeps, id: string, error: unknown): void {
  if (error instanceof Stopped || stopping.aborted) return
  logger.error({ invocation: id, error }, 'Work on an invocation failed; the agenda brings it back')
}
