import type { InvocationId, Waiting } from '@fermata/lambda-runtime/protocol'
import { childIdFor } from '@fermata/lambda-runtime/protocol'
import type { InvocationState } from '../../domain/invocation/state.ts'
import type { PendingWait } from '../../ports/index.ts'

/** What a suspended invocation waits for: the ops in its tree that have no outcome yet, as far as they say what they are. */
export function pendingWaits(id: InvocationId, state: InvocationState): readonly PendingWait[] {
  if (state.phase.kind !== 'suspended') return []
  const ops = [...new Set(opsOf(state.phase.waitingOn))]
  return ops.filter((op) => !state.settled.has(op)).flatMap((op) => waitOf(id, state, op) ?? [])
}

function opsOf(waiting: Waiting): readonly number[] {
  if (waiting.kind === 'timer') return []
  return waiting.kind === 'op' ? [waiting.op] : waiting.of.flatMap(opsOf)
}

function waitOf(id: InvocationId, state: InvocationState, op: number): PendingWait | undefined {
  const wakeAt = state.sleeps.get(op)
  if (wakeAt !== undefined) return { op, kind: 'sleep', wakeAt }
  const call = state.calls.get(op)
  if (call !== undefined) {
    const { target, idempotencyKey } = call
    const invocation = childIdFor(target, { parent: id, op, idempotencyKey })
    return { op, kind: 'call', invocation, target }
  }
  const promise = state.promises.get(op)
  if (promise !== undefined) return { op, kind: 'promise', promise }
  const signal = [...state.signals].find(([, { waits }]) => waits.includes(op))
  if (signal !== undefined) return { op, kind: 'signal', name: signal[0] }
  if (!state.awakeables.has(op)) return undefined
  const deadline = state.deadlines.get(op)
  const silentAt = deadline === undefined ? {} : { silentAt: deadline.dueAt }
  return { op, kind: 'awakeable', ...silentAt }
}
