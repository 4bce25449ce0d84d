import type { Failure } from '@fermata/lambda-runtime/protocol'
import type { Stimulus } from '../../domain/invocation/stimulus.ts'
import type { Permit } from '../permits.ts'
import type { Deployment } from '../services/deployment-document.ts'
import { carry } from './carry.ts'
import type { EngineDeps } from './engine-deps.ts'
import { invokeAttempt } from './invoke-attempt.ts'
import type { JournalSession } from './journal-session.ts'
import { contextOf, demandOf, deploymentOrPause } from './leave.ts'
import { persist } from './persist.ts'
import type { Applied } from './segments.ts'
import { followTail, lastOwn, watchTail } from './tail.ts'
import { unstorable } from './unstorable.ts'
import type { Work } from './work.ts'

/** Made once: a reason of its own for each abort would cost a stack trace each. */
const attemptIsOver = new Error('The attempt is over')

/** One replica at work on the attempts of one invocation. */
type Run = {
  readonly deps: EngineDeps
  readonly work: Work
  readonly session: JournalSession
  readonly deployment: Deployment
  permit: Permit | undefined
  /** The attempt that is this run's; a greater one in the journal is somebody else's. */
  epoch: number
  /** How this replica's call of that attempt broke off. */
  lost: Failure | undefined
}

/**
 * Runs attempt after attempt for as long as the invocation can move, then lets go of the permit.
 * Without a permit it begins by watching an attempt that somebody else started.
 */
export async function drive(
  deps: EngineDeps,
  work: Work,
  session: JournalSession,
  permit: Permit | undefined,
): Promise<void> {
  const state = session.state
  if (state === undefined) return
  let run: Run | undefined
  try {
    const deployment = await deploymentOrPause(deps, session, state)
    if (deployment === undefined) return
    run = { deps, work, session, deployment, permit, epoch: state.epoch, lost: undefined }
    if (permit === undefined) await takeOver(run)
    while (isMine(run)) {
      await carry(deps, work, session)
      if (!(await runAttempt(run))) await takeOver(run)
    }
  } finally {
    const held = run === undefined ? permit : run.permit
    held?.release()
  }
}

function isMine({ session, epoch }: Run): boolean {
  return session.state?.phase.kind === 'running' && session.state.epoch === epoch
}

/** `false`: nobody knows how the attempt ended; its journal will tell. */
async function runAttempt(run: Run): Promise<boolean> {
  const { deps, work, session, deployment, permit, epoch } = run
  if (permit === undefined) return false
  run.lost = undefined
  const over = new AbortController()
  const either = AbortSignal.any([over.signal, deps.stopping])
  const ended = () => over.abort(attemptIsOver)
  const tail = followTail(deps, work, session, { epoch, ended }, either)
  const invoked = invokeAttempt(deps, session, deployment, { epoch, permit }, either)
  const outcome = await invoked.finally(ended)
  await tail
  switch (outcome.kind) {
    case 'replied':
      return await decided(run, { kind: 'reply', reply: outcome.reply })
    case 'failed':
    case 'rejected':
      return await decided(run, { kind: 'attempt-over', epoch, failure: outcome.failure })
    case 'lost':
      run.lost = outcome.failure
      return false
    case 'not-sent':
      return false
    default:
      return outcome satisfies never
  }
}

/**
 * Appends what the domain makes of the stimulus, read against all that the handler appended by itself.
 * `false`: nothing, and the attempt still stands.
 */
async function decided(run: Run, stimulus: Stimulus): Promise<boolean> {
  const { deps, session } = run
  if (isBehind(session, stimulus)) await persist(deps, session.id, () => session.refresh())
  const applied = await apply(run, stimulus).catch((error: unknown) => pause(run, error))
  if (applied.appended !== undefined) return true
  await persist(deps, session.id, () => session.refresh())
  return !isMine(run)
}

/** What no segment can hold, none could hold after another attempt: a person must see to it. */
async function pause(run: Run, error: unknown): Promise<Applied> {
  const { deps, session } = run
  const reason = unstorable(error)
  if (reason === undefined) throw error
  const state = await persist(deps, session.id, () => session.refresh())
  if (!isMine(run)) return { state, appended: undefined }
  return apply(run, { kind: 'pause', reason })
}

function isBehind({ state }: JournalSession, stimulus: Stimulus): boolean {
  return stimulus.kind === 'reply' && stimulus.reply.base !== (state?.lastHandler?.n ?? null)
}

async function apply(run: Run, stimulus: Stimulus): Promise<Applied> {
  const { deps, session, permit, deployment } = run
  const permitted = permit === undefined ? undefined : { permit, deployment }
  const applied = await persist(deps, session.id, () =>
    session.apply(stimulus, (state) => contextOf(deps, state, permitted)),
  )
  const begun = applied.appended?.entries.find((entry) => entry.kind === 'attempt')
  if (begun !== undefined) run.epoch = begun.epoch
  return applied
}

/**
 * Watches the journal of an attempt that nobody here has a socket to, on this replica's own clock. It moves
 * on by itself, or it is dead: then the next attempt fences it (INV-2). If this replica saw its call break off,
 * it has failed, and its policy decides: what kills its server each time would be tried for ever.
 */
async function takeOver(run: Run): Promise<void> {
  const { deps, work, session } = run
  await carry(deps, work, session)
  for (;;) {
    const verdict = await watchTail(deps, work, session, run)
    if (verdict === 'moved-on') return
    const seen = lastOwn(session)
    await takePermit(run)
    // What was ended and purged meanwhile is silent, too.
    await persist(deps, session.id, () => session.refresh('all'))
    if (lastOwn(session) === seen) break
  }
  if (!isMine(run)) return
  const { epoch, lost } = run
  await apply(
    run,
    lost === undefined
      ? { kind: 'attempt-dead', epoch }
      : { kind: 'attempt-over', epoch, failure: lost },
  )
}

/** It may take long until there is one. What was dead when the wait began may have only been slow to start. */
async function takePermit(run: Run): Promise<void> {
  const { deps, deployment, session } = run
  const { state } = session
  if (run.permit !== undefined || state === undefined) return
  run.permit = await deps.permits.take(demandOf(state, deployment), 'resume', deps.stopping)
}
