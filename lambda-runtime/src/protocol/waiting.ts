import * as v from 'valibot'

/**
 * What a suspended handler waits for: a tree, so that an `all` over a hundred calls wakes once.
 * `timer` is a moment (epoch ms) that has no op: the next try of a failed step, a voluntary yield.
 */
export type Waiting =
  | { readonly kind: 'op'; readonly op: number }
  | { readonly kind: 'timer'; readonly at: number }
  | { readonly kind: 'all' | 'any' | 'race'; readonly of: readonly Waiting[] }
  /** With a \`tolerance\` it is decided as well once more of them than that have failed. */
  | {
      readonly kind: 'allSettled'
      readonly of: readonly Waiting[]
      readonly tolerance?: number
    }

const opNumber = v.pipe(v.number(), v.integer(), v.minValue(0))

export const waitingSchema: v.GenericSchema<unknown, Waiting> = v.variant('kind', [
  v.object({ kind: v.literal('op'), op: opNumber }),
  v.object({ kind: v.literal('timer'), at: v.number() }),
  v.object({
    kind: v.picklist(['all', 'any', 'race']),
    of: v.array(v.lazy(() => waitingSchema)),
  }),
  v.object({
    kind: v.literal('allSettled'),
    of: v.array(v.lazy(() => waitingSchema)),
    tolerance: v.exactOptional(opNumber),
  }),
])

/** What is known of one op: nothing yet, that it gave a value, or that it failed. */
export type OpStatus = 'pending' | 'value' | 'failure'

/** Whether the handler can move on, given what is known of its ops and the time. */
export function isSatisfied(
  waiting: Waiting,
  statusOf: (op: number) => OpStatus,
  now: number,
): boolean {
  return statusOfWaiting(waiting, statusOf, now) !== 'pending'
}

/**
 * `either`: there is an outcome, and it may be a value or a failure. So it is with a race: who arrived
 * first is not told here, and a timeout that won is an error. Where it matters the handler is woken: to wake it
 * once too often costs an attempt, not to wake it costs the invocation.
 */
type WaitingStatus = OpStatus | 'either'

function statusOfWaiting(
  waiting: Waiting,
  statusOf: (op: number) => OpStatus,
  now: number,
): WaitingStatus {
  switch (waiting.kind) {
    case 'op':
      return statusOf(waiting.op)
    case 'timer':
      return waiting.at <= now ? 'value' : 'pending'
    default: {
      const of = waiting.of.map((node) => statusOfWaiting(node, statusOf, now))
      const tolerance = 'tolerance' in waiting ? waiting.tolerance : undefined
      return exceeds(of, tolerance) ? 'either' : combine[waiting.kind](of)
    }
  }
}

function exceeds(of: readonly WaitingStatus[], tolerance: number | undefined): boolean {
  if (tolerance === undefined) return false
  return of.filter((status) => status === 'failure' || status === 'either').length > tolerance
}

type Combinator = Exclude<Waiting['kind'], 'op' | 'timer'>

const combine: Record<Combinator, (of: readonly WaitingStatus[]) => WaitingStatus> = {
  all: (of) => first(of, ['failure', 'either', 'pending']) ?? 'value',
  any: (of) => first(of, ['value', 'either', 'pending']) ?? 'failure',
  race: (of) => (of.every((status) => status === 'pending') ? 'pending' : 'either'),
  allSettled: (of) => first(of, ['pending']) ?? 'value',
}

function first(
  of: readonly WaitingStatus[],
  order: readonly WaitingStatus[],
): WaitingStatus | undefined {
  return order.find((status) => of.includes(status))
}
