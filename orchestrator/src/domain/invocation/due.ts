import type { OpStatus, Waiting } from '@fermata/lambda-runtime/protocol'
import { isSatisfied } from '@fermata/lambda-runtime/protocol'
import type { InvocationState } from './state.ts'

/** Sleeps whose time has come and that nobody has completed. */
export function dueSleeps(state: InvocationState, now: number): number[] {
  return [...state.sleeps].filter(([, wakeAt]) => wakeAt <= now).map(([op]) => op)
}

/** Whether the invocation could run now, if there were a permit. */
export function isRunnable(state: InvocationState, now: number): boolean {
  switch (state.phase.kind) {
    case 'queued':
      return state.created.slot !== 0 && (state.created.notBefore ?? 0) <= now
    case 'backing-off':
      return state.phase.retryAt <= now || isToCancel(state)
    case 'suspended':
      return (
        isToCancel(state) ||
        isSatisfied(state.phase.waitingOn, (op) => statusOf(state, op, now), now)
      )
    case 'paused':
      return isToCancel(state)
    case 'running':
    case 'closed':
      return false
  }
}

/**
 * Its handler is to get a CancelledError, and no attempt has begun since: that does not wait for anything but its turn,
 * where it has no place yet (INV-6). One that fails before the error surfaces waits like any other.
 */
function isToCancel({ cancel, created }: InvocationState): boolean {
  return cancel === 'asked' && created.slot !== 0
}

/** It was to wait before it queues up for its key, and has waited long enough; or nobody served it, and it is to end. */
export function needsPlace({ phase, created, cancel }: InvocationState, now: number): boolean {
  if (created.slot !== 0) return false
  if (phase.kind === 'paused') return cancel === 'asked'
  return phase.kind === 'queued' && (created.notBefore ?? 0) <= now
}

/** Awakeables that nobody completed, and whose holders have not shown themselves in time. */
export function silentAwakeables(state: InvocationState, now: number): number[] {
  return [...state.deadlines].filter(([, { dueAt }]) => dueAt <= now).map(([op]) => op)
}

/** The times of its own (epoch ms) that the invocation waits for. */
export function ownTimes(state: InvocationState): readonly number[] {
  switch (state.phase.kind) {
    case 'queued':
      return [state.created.notBefore ?? 0]
    case 'backing-off':
      return [state.phase.retryAt]
    case 'suspended':
      return [
        ...state.sleeps.values(),
        ...[...state.deadlines.values()].map(({ dueAt }) => dueAt),
        ...timersOf(state.phase.waitingOn),
      ]
    case 'running':
    case 'paused':
    case 'closed':
      return []
  }
}

/** The next time of its own after `now`, if there is one. */
export function nextOwnTime(state: InvocationState, now: number): number | undefined {
  const future = ownTimes(state).filter((time) => time > now)
  return future.length === 0 ? undefined : Math.min(...future)
}

function statusOf(state: InvocationState, op: number, now: number): OpStatus {
  const known = state.settled.get(op)
  if (known !== undefined) return known
  const wakeAt = state.sleeps.get(op)
  if (wakeAt !== undefined && wakeAt <= now) return 'value'
  const deadline = state.deadlines.get(op)
  return deadline !== undefined && deadline.dueAt <= now ? 'failure' : 'pending'
}

function timersOf(waiting: Waiting): readonly number[] {
  if (waiting.kind === 'timer') return [waiting.at]
  return waiting.kind === 'op' ? [] : waiting.of.flatMap(timersOf)
}
