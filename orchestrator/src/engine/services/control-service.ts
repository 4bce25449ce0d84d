import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { FermataError } from '../../domain/errors.ts'
import type { InvocationState } from '../../domain/invocation/state.ts'
import type { InvocationControl } from '../../ports/index.ts'
import type { EngineDeps } from '../invocations/engine-deps.ts'
import type { Invocations } from '../invocations/invocations.ts'
import type { JournalSession } from '../invocations/journal-session.ts'
import { purge } from '../invocations/purge.ts'
import { restart } from '../invocations/restart.ts'
import { lookUp } from '../objects/queued.ts'
import { end, tellFresh } from './end-invocation.ts'
import { closed, notClosed, notFound, queued } from './invocation-errors.ts'
import { statusOf } from './invocation-view.ts'

/** What operators do to single invocations. */
export function createControl(deps: EngineDeps, invocations: Invocations): InvocationControl {
  return {
    cancel: (id, reason) => end(invocations, id, { kind: 'cancel', reason }),
    kill: (id, reason) => end(invocations, id, { kind: 'kill', reason }),
    async pause(id, reason) {
      const message = reason ?? 'Somebody asked for a pause'
      const failure = { code: 'paused-by-request', message }
      const told = await tellFresh(deps, invocations, id, { kind: 'pause', reason: failure })
      if (told === undefined) throw notFound(id)
      if (told.appended || told.state.phase.kind === 'paused') return
      throw told.state.phase.kind === 'closed' ? closed(id) : queued(id)
    },
    resume: (id, options) => resume(deps, invocations, id, options?.deployment),
    restart: (id, options) =>
      whenClosed(deps, id, (session, state) => restart(deps, invocations, session, state, options)),
    purge: (id) =>
      whenClosed(deps, id, (session, state) => purge(deps, invocations, session, state)),
  }
}

function resume(
  deps: EngineDeps,
  invocations: Invocations,
  id: InvocationId,
  deployment: string | undefined,
): Promise<void> {
  return deps.sessions.use(id, async (session) => {
    const state = await lookUp(deps, session)
    if (state === undefined) throw notFound(id)
    if (state.phase.kind !== 'paused') {
      throw new FermataError('invocation-not-paused', `The invocation is ${statusOf(state)}`)
    }
    await invocations.resume(session, state, deployment)
  })
}

function whenClosed<T>(
  deps: EngineDeps,
  id: InvocationId,
  work: (session: JournalSession, state: InvocationState) => Promise<T>,
): Promise<T> {
  return deps.sessions.use(id, async (session) => {
    const state = await lookUp(deps, session)
    if (state === undefined) throw notFound(id)
    if (state.phase.kind !== 'closed') throw notClosed(id, statusOf(state))
    return work(session, state)
  })
}
