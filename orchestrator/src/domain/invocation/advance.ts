import type { Entry, EntryOf, Failure, Outcome } from '@fermata/lambda-runtime/protocol'
import { voidValue } from '@fermata/lambda-runtime/protocol'
import { dueSleeps, isRunnable, silentAwakeables } from './due.ts'
import type { InvocationState } from './state.ts'
import type { Context } from './stimulus.ts'

/** Due sleeps and the next attempt, if the handler can move and has leave; else nothing at all. */
export function advance(state: InvocationState, context: Context): readonly Entry[] {
  if (context.leave === undefined || !isRunnable(state, context.now)) return []
  return [...wakeUps(state, context.now), ...nextAttempt(state, context)]
}

function wakeUps(state: InvocationState, now: number): readonly Entry[] {
  if (state.phase.kind !== 'suspended') return []
  const over: Outcome = { kind: 'value', value: voidValue }
  return [
    ...dueSleeps(state, now).map((op) => completion(op, over)),
    ...silentAwakeables(state, now).map((op) =>
      completion(op, { kind: 'failure', failure: silent }),
    ),
  ]
}

const silent: Failure = {
  code: 'heartbeat-timeout',
  name: 'TimeoutError',
  message: 'The holder of the awakeable showed no sign of life in time',
}

export function completion(op: number, result: Outcome): EntryOf<'completion'> {
  return { kind: 'completion', op, result }
}

export function nextAttempt(state: InvocationState, { leave }: Context): readonly Entry[] {
  if (leave === undefined) return []
  return [{ kind: 'attempt', epoch: state.epoch + 1, ...leave }]
}
