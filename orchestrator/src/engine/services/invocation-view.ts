import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { InvocationState } from '../../domain/invocation/state.ts'
import type { InvocationStatus, InvocationView } from '../../ports/index.ts'
import { pendingWaits } from './pending-waits.ts'

export function invocationView(id: InvocationId, state: InvocationState): InvocationView {
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
    waits: pendingWaits(id, state),
    cancelling: state.cancel !== 'none' && phase.kind !== 'closed',
    restartOf: created.restartOf?.invocation,
  }
}

/** One whose handler got the CancelledError and yet came to a result has completed. */
export function statusOf({ phase, cancel, killed }: InvocationState): InvocationStatus {
  if (phase.kind !== 'closed') return phase.kind
  if (phase.outcome.kind === 'value') return 'completed'
  if (killed) return 'killed'
  const isCancelled = cancel !== 'none' && phase.outcome.failure.code === 'cancelled'
  return isCancelled ? 'cancelled' : 'failed'
}
