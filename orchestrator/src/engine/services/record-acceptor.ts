import { FermataError } from '../../domain/errors.ts'
import type { InvocationState } from '../../domain/invocation/state.ts'
import type { EngineDeps } from '../invocations/engine-deps.ts'
import type { Invocations } from '../invocations/invocations.ts'
import { demandOfTarget } from '../invocations/leave.ts'
import type { AcceptRequest, RecordAcceptor } from '../subscriptions/record-acceptor.ts'

/**
 * Takes records in: a permit first, then the invocation. What there is no permit for stays in Kafka, which
 * is the backlog; only what runs counts, so records that release suspended invocations always get in (INV-11).
 */
export function createRecordAcceptor(
  deps: EngineDeps,
  invocations: Invocations,
  limits: SubscriptionLimits,
): RecordAcceptor {
  return {
    async accept(request, signal) {
      const { id, target, input, headers, origin } = request
      limits.set(request.limits.subscription, request.limits.running)
      const demand = await demandOfTarget(deps, target, origin.subscription)
      const either = AbortSignal.any([signal, deps.stopping])
      const permit = await deps.permits.take(demand, 'start', either)
      const { status, state } = await invocations.create(
        {
          id,
          target,
          input,
          headers,
          origin,
          idempotencyKey: undefined,
          notBefore: undefined,
          minRetentionMs: 0,
        },
        { source: 'asks-again', permit },
      )
      if (status === 'duplicate') checkSameRecord(request, state)
      return status
    },
  }
}

/** How much each subscription may run at once here. */
export interface SubscriptionLimits {
  set(subscription: string, running: number | undefined): void
  of(subscription: string): number
}

export function createSubscriptionLimits(): SubscriptionLimits {
  const limits = new Map<string, number>()
  return {
    set(subscription, running) {
      if (running === undefined) limits.delete(subscription)
      else limits.set(subscription, running)
    },
    of: (subscription) => limits.get(subscription) ?? Number.POSITIVE_INFINITY,
  }
}

/** The same position with another time is another record: the topic was made anew under the same name. */
function checkSameRecord({ origin, id }: AcceptRequest, state: InvocationState | undefined): void {
  const known = state?.created.origin
  if (known === undefined || known.kind !== 'kafka' || known.timestamp === origin.timestamp) return
  throw new FermataError(
    'topic-recreated',
    `${origin.topic}/${origin.partition} offset ${origin.offset} was taken before with another timestamp (as ${id}): ` +
      'the topic is not the one that was consumed. If it was made anew, subscribe again: the subscription goes on with it as another generation.',
  )
}
