import * as v from 'valibot'

/**
 * What a suspended handler waits for: a tree, so that an `all` over a hundred calls wakes once.
 * `timer` is a moment (epoch ms) that has no op: the next try of a failed step, a voluntary yield.
 */
export type Waiting =
  | { readonly kind: 'op'; readonly op: number }
  | { readonly kind: 'timer'; readonly at: number }
  | { readonly kind: 'all' | 'any' | 'race' | 'allSettled'; readonly of: readonly Waiting[] }

const opNumber = v.pipe(v.number(), v.integer(), v.minValue(0))

export const waitingSchema: v.GenericSchema<unknown, Waiting> = v.variant('kind', [
  v.object({ kind: v.literal('op'), op: opNumber }),
  v.object({ kind: v.literal('timer'), at: v.number() }),
  v.object({
    kind: v.picklist(['all', 'any', 'race', 'allSettled']),
    of: v.array(v.lazy(() => waitingSchema)),
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

function statusOfWaiting(
  waiting: Waiting,
  statusOf: (op: number) => OpStatus,
  now: number,
): OpStatus {
  switch (waiting.kind) {
    case 'op':
      return statusOf(waiting.op)
    case 'timer':
      return waiting.at <= now ? 'value' : 'pending'
    default:
      return combine[waiting.kind](waiting.of.map((node) => statusOfWaiting(node, statusOf, now)))
  }
}

type Combinator = Exclude<Waiting['kind'], 'op' | 'timer'>

const combine: Record<Combinator, (of: readonly OpStatus[]) => OpStatus> = {
  all: (of) => first(of, ['failure', 'pending']) ?? 'value',
  any: (of) => first(of, ['value', 'pending']) ?? 'failure',
  race: (of) => of.find((status) => status !== 'pending') ?? 'pending',
  allSettled: (of) => first(of, ['pending']) ?? 'value',
}

function first(of: readonly OpStatus[], order: readonly OpStatus[]): OpStatus | undefined {
  return order.find((status) => of.includes(status))
}
