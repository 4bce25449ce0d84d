import type { Target } from '@fermata/lambda-runtime/protocol'
import { FermataError } from '../../domain/errors.ts'
import type { InvocationState } from '../../domain/invocation/state.ts'
import type { Context } from '../../domain/invocation/stimulus.ts'
import { handlerName } from '../handler-limits.ts'
import type { Demand, Permit } from '../permits.ts'
import { type Deployment, functionOf } from '../services/deployment-document.ts'
import type { EngineDeps } from './engine-deps.ts'
import type { JournalSession } from './journal-session.ts'
import { persist } from './persist.ts'

/** An invocation stays on the deployment that it started on; before that, the newest one serves it. */
export async function deploymentOf(
  { directory }: EngineDeps,
  state: InvocationState,
): Promise<Deployment> {
  const pinned = state.deployment
  const found =
    pinned === undefined
      ? await directory.resolve(state.created.target)
      : await directory.byId(pinned)
  if (found !== undefined) return found
  throw pinned === undefined
    ? noHandler(state.created.target)
    : new FermataError('deployment-not-found', `Deployment ${pinned} is not registered any more`)
}

/** What running the invocation counts against. */
export function demandOf(state: InvocationState, deployment: Deployment): Demand {
  const { origin, target } = state.created
  const subscription = origin.kind === 'kafka' ? origin.subscription : undefined
  return { ...demandOn(deployment, target, subscription), begins: state.epoch === 0 }
}

/** What the first attempt of an invocation counts against. */
export function demandOn(
  { address }: Deployment,
  target: Target,
  subscription: string | undefined,
): Demand {
  return {
    function: functionOf(address),
    subscription,
    handler: handlerName(target),
    begins: true,
  }
}

/** What a decision about `state` needs; with a permit, it may start an attempt. */
export function contextOf(
  { clock, random, directory }: EngineDeps,
  state: InvocationState,
  permitted: { readonly permit: Permit; readonly deployment: Deployment } | undefined,
): Context {
  const now = clock.now()
  const policy = directory.policyOf(state.created.target, permitted?.deployment)
  return {
    now,
    leave:
      permitted === undefined
        ? undefined
        : { deployment: permitted.deployment.id, deadline: now + policy.timeoutMs },
    retry: policy.retry,
    chance: random.next(),
  }
}

/** An invocation whose deployment is gone cannot run; it is paused until somebody brings it back. */
export async function deploymentOrPause(
  deps: EngineDeps,
  session: JournalSession,
  state: InvocationState,
): Promise<Deployment | undefined> {
  try {
    return await persist(deps, session.id, () => deploymentOf(deps, state))
  } catch (error) {
    if (!(error instanceof FermataError)) throw error
    const reason = error.toFailure()
    await persist(deps, session.id, () =>
      session.apply({ kind: 'pause', reason }, (now) => contextOf(deps, now, undefined)),
    )
    return undefined
  }
}

/** What an invocation that does not exist yet will count against. @throws FermataError `handler-not-found` */
export async function demandOfTarget(
  { directory }: EngineDeps,
  target: Target,
  subscription: string,
): Promise<Demand> {
  const deployment = await directory.resolve(target)
  if (deployment === undefined) throw noHandler(target)
  return demandOn(deployment, target, subscription)
}

function noHandler({ service, handler }: Target): FermataError {
  return new FermataError('handler-not-found', `No deployment serves ${service}/${handler}`)
}
