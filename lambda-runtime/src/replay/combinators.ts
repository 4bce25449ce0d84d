import { UsageError } from '../errors.ts'
import { Durable, type DurableEnv, given, refused, type Settlement } from './durable.ts'

export type Combinator = 'all' | 'any' | 'race' | 'allSettled'

/** One of several came in: the outcome of the whole, if that decides it. `missing`: how many are still to come. */
type Rule = (
  latest: Settlement<unknown>,
  missing: number,
  soFar: readonly (Settlement<unknown> | undefined)[],
) => Settlement<unknown> | undefined

const rules: Record<Combinator, Rule> = {
  all: (latest, missing, soFar) => {
    if (latest.status === 'rejected') return latest
    return missing === 0 ? given(soFar.map(resultOf)) : undefined
  },
  any: (latest, missing, soFar) => {
    if (latest.status === 'fulfilled') return latest
    return missing === 0 ? refused(new AllRejectedError(soFar.map(reasonOf))) : undefined
  },
  race: (latest) => latest,
  allSettled: (_, missing, soFar) => (missing === 0 ? given([...soFar]) : undefined),
}

/** What nothing comes of at all; a race of nothing never ends, as with plain promises. */
const ofNothing: Record<Combinator, () => Settlement<unknown> | undefined> = {
  all: () => given([]),
  any: () => refused(new AllRejectedError([])),
  race: () => undefined,
  allSettled: () => given([]),
}

/**
 * Like the combinators of plain promises, but durable: a handler that waits for it wakes once.
 * @throws UsageError for what is not durable
 */
export function combine(
  env: DurableEnv,
  kind: Combinator,
  promises: readonly unknown[],
): Durable<unknown> {
  const of = promises.map((promise, index) => durableAt(kind, promise, index))
  const whole = new Durable<unknown>(env, { kind, of })
  const soFar: (Settlement<unknown> | undefined)[] = of.map(() => undefined)
  let missing = of.length
  of.forEach((promise, index) => {
    promise.listen((settlement) => {
      soFar[index] = settlement
      missing -= 1
      const isOver = settlement.status === 'rejected' && env.isCancellation(settlement.reason)
      const outcome = isOver ? settlement : rules[kind](settlement, missing, soFar)
      if (outcome !== undefined) whole.settle(outcome)
    })
  })
  const outcome = of.length === 0 ? ofNothing[kind]() : undefined
  if (outcome !== undefined) whole.settle(outcome)
  return whole
}

/** The errors of an `any`; they are outcomes in the journal, so it is terminal as they are. */
class AllRejectedError extends AggregateError {
  readonly code = 'terminal'

  constructor(errors: readonly unknown[]) {
    super(errors, 'All promises were rejected')
  }

  get '~terminal'(): true {
    return true
  }
}

function durableAt(kind: Combinator, promise: unknown, index: number): Durable<unknown> {
  if (promise instanceof Durable) return promise
  throw new UsageError(
    'option-invalid',
    `ctx.${kind} takes durable promises only; number ${index} is none: wrap what it does in ctx.run`,
  )
}

function resultOf(settlement: Settlement<unknown> | undefined): unknown {
  return settlement?.status === 'fulfilled' ? settlement.value : undefined
}

function reasonOf(settlement: Settlement<unknown> | undefined): unknown {
  return settlement?.status === 'rejected' ? settlement.reason : undefined
}
