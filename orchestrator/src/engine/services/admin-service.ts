import type { InvocationId, Segment } from '@fermata/lambda-runtime/protocol'
import { FermataError } from '../../domain/errors.ts'
import type { InvocationState } from '../../domain/invocation/state.ts'
import type { Admin, DeploymentView, InvocationStatus, InvocationView } from '../../ports/index.ts'
import type { EngineDeps } from '../invocations/engine-deps.ts'
import type { Invocations } from '../invocations/invocations.ts'
import type { Subscriptions } from '../subscriptions/subscriptions.ts'
import type { Deployment } from './deployment-document.ts'

export type AdminOptions = {
  /** Why this replica is not ready; empty: it is. */
  readonly notReady: () => readonly string[]
}

/** What the admin API offers. */
export function createAdmin(
  deps: EngineDeps,
  invocations: Invocations,
  subscriptions: Subscriptions,
  options: AdminOptions,
): Admin {
  const { directory } = deps
  return {
    register: async (address) => deploymentView(await directory.register(address)),
    async deployments() {
      await directory.refresh()
      return directory.all().map(deploymentView)
    },
    removeDeployment: (id) => directory.remove(id),
    subscribe: (spec) => subscriptions.subscribe(spec),
    subscriptions: () => subscriptions.list(),
    unsubscribe: (name) => subscriptions.unsubscribe(name),
    dead: (subscription, after, limit) => subscriptions.dead(subscription, after, limit),
    invocation: async (id) => invocationView(id, await look(deps, id)),
    journal: (id) => journal(deps, id),
    resume: (id) => resume(deps, invocations, id),
    health: () => ({ ok: true }),
    ready() {
      const reasons = options.notReady()
      return { ready: reasons.length === 0, reasons }
    },
  }
}

function notFound(id: InvocationId): FermataError {
  const message = `There is no invocation "${id}", or it has expired`
  return new FermataError('invocation-not-found', message)
}

async function look({ sessions }: EngineDeps, id: InvocationId): Promise<InvocationState> {
  const state = await sessions.use(id, (session) => session.refresh())
  if (state === undefined) throw notFound(id)
  return state
}

function journal({ sessions }: EngineDeps, id: InvocationId): Promise<readonly Segment[]> {
  return sessions.use(id, async (session) => {
    if ((await session.refresh()) === undefined) throw notFound(id)
    return session.segments
  })
}

function resume(deps: EngineDeps, invocations: Invocations, id: InvocationId): Promise<void> {
  return deps.sessions.use(id, async (session) => {
    const state = await session.refresh()
    if (state === undefined) throw notFound(id)
    if (state.phase.kind !== 'paused') {
      throw new FermataError('invocation-not-paused', `The invocation is ${statusOf(state)}`)
    }
    await invocations.resume(session, state)
  })
}

function deploymentView({ id, address, createdAt, manifest }: Deployment): DeploymentView {
  const services = manifest.services.map(({ name }) => name)
  return { id, address, createdAt, services, sdk: manifest.sdk }
}

function invocationView(id: InvocationId, state: InvocationState): InvocationView {
  const { phase, created } = state
  const failed = phase.kind === 'closed' && phase.outcome.kind === 'failure'
  return {
    id,
    target: created.target,
    status: statusOf(state),
    origin: created.origin,
    createdAt: state.createdAt,
    updatedAt: state.updatedAt,
    deployment: state.deployment,
    attempts: state.epoch,
    ops: state.ops,
    segments: state.next,
    failure: failed
      ? phase.outcome.failure
      : phase.kind === 'closed'
        ? undefined
        : state.lastFailure,
    nextTryAt: phase.kind === 'backing-off' ? phase.retryAt : undefined,
  }
}

function statusOf({ phase }: InvocationState): InvocationStatus {
  if (phase.kind !== 'closed') return phase.kind
  return phase.outcome.kind === 'value' ? 'completed' : 'failed'
}
