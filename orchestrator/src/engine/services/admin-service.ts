import type { InvocationId, Segment } from '@fermata/lambda-runtime/protocol'
import type { InvocationState } from '../../domain/invocation/state.ts'
import type { Admin } from '../../ports/index.ts'
import type { EngineDeps } from '../invocations/engine-deps.ts'
import type { Invocations } from '../invocations/invocations.ts'
import { lookUp } from '../objects/queued.ts'
import { packedSchedules } from '../payloads/packed-edges.ts'
import type { RunningSchedules } from '../schedules/schedules.ts'
import type { Subscriptions } from '../subscriptions/subscriptions.ts'
import { createControl } from './control-service.ts'
import { createDeploymentAdmin } from './deployment-admin.ts'
import type { RemovalDeps } from './deployment-removal.ts'
import { notFound } from './invocation-errors.ts'
import { createInvocationListing } from './invocation-listing.ts'
import { invocationView } from './invocation-view.ts'
import { createObjectAdmin } from './object-service.ts'
import { createServiceAdmin } from './service-admin.ts'

export type AdminOptions = {
  /** Why this replica is not ready; empty: it is. */
  readonly notReady: () => readonly string[]
  readonly stores: Pick<RemovalDeps, 'agendaStore' | 'leaseStore' | 'registry'>
  readonly schedules: RunningSchedules
}

/** What the admin API offers. */
export function createAdmin(
  deps: EngineDeps,
  invocations: Invocations,
  subscriptions: Subscriptions,
  options: AdminOptions,
): Admin {
  return {
    schedules: packedSchedules(options.schedules, deps.payloads),
    ...createServiceAdmin({ ...options.stores, ...deps }),
    ...createDeploymentAdmin({
      ...options.stores,
      ...deps,
      subscriptions: () => subscriptions.list(),
      registered: () => options.schedules.reconcile(),
    }),
    ...createControl(deps, invocations),
    ...createObjectAdmin(deps, invocations),
    ...createInvocationListing({ ...options.stores, ...deps }),
    subscribe: (spec) => subscriptions.subscribe(spec),
    subscriptions: () => subscriptions.list(),
    unsubscribe: (name) => subscriptions.unsubscribe(name),
    dead: (subscription, after, limit) => subscriptions.dead(subscription, after, limit),
    invocation: async (id) => invocationView(id, await look(deps, id)),
    journal: (id) => journal(deps, id),
    health: () => ({ ok: true }),
    ready() {
      const reasons = options.notReady()
      return { ready: reasons.length === 0, reasons }
    },
  }
}

async function look(deps: EngineDeps, id: InvocationId): Promise<InvocationState> {
  const state = await deps.sessions.use(id, (session) => lookUp(deps, session))
  if (state === undefined) throw notFound(id)
  return state
}

function journal(deps: EngineDeps, id: InvocationId): Promise<readonly Segment[]> {
  return deps.sessions.use(id, async (session) => {
    if ((await lookUp(deps, session)) === undefined) throw notFound(id)
    return session.segments
  })
}
