import type { Random } from '@fermata/orchestrator/ports'

/** What can go wrong. */
export const faultKinds = [
  /** A store fails before it has done what it was asked for. */
  'store-refuses',
  /** It does it, and the answer is lost. */
  'answer-lost',
  /** It takes its time. */
  'store-slow',
  'function-dies',
  'replica-dies',
  /** It stands still, for seconds or minutes, and goes on as if nothing had been. */
  'replica-stalls',
  'throttle',
  'refuse',
  'drop-request',
  'drop-reply',
  'twin',
  /** Another version of the functions is registered. */
  'deployment',
] as const
export type FaultKind = (typeof faultKinds)[number]

export type Fault = {
  /** The number of the decision: the same in each run of the seed. */
  readonly index: number
  readonly kind: FaultKind
  /** Ms since the start. */
  readonly at: number
  readonly where: string
}

export type FaultRates = { readonly [K in FaultKind]?: number }

/** About half of the kinds, each at a rate of its own; some seeds have none at all. */
export function drawRates(random: Random): FaultRates {
  const severity = random.next()
  const rates = faultKinds.map((kind) => [kind, random.next() < 0.5, random.next()] as const)
  if (severity < 0.1) return {}
  return Object.fromEntries(
    rates.filter(([, on]) => on).map(([kind, , much]) => [kind, mostOf[kind] * much * severity]),
  )
}

const mostOf: { readonly [K in FaultKind]: number } = {
  'store-refuses': 0.05,
  'answer-lost': 0.05,
  'store-slow': 0.05,
  'function-dies': 0.1,
  'replica-dies': 0.01,
  'replica-stalls': 0.004,
  throttle: 0.2,
  refuse: 0.1,
  'drop-request': 0.05,
  'drop-reply': 0.1,
  twin: 0.1,
  deployment: 0.02,
}

/**
 * Decides at each occasion whether something goes wrong, and remembers what did. The decisions follow from the seed
 * and their number alone. With `only`, no others strike: so a failure is shrunk.
 */
export class Faults {
  readonly struck: Fault[] = []
  readonly #random: Random
  readonly #rates: FaultRates
  readonly #only: ReadonlySet<number> | undefined
  readonly #now: () => number
  #decisions = 0
  #isOver = false

  constructor(
    random: Random,
    rates: FaultRates,
    now: () => number,
    only: ReadonlySet<number> | undefined,
  ) {
    this.#random = random
    this.#rates = rates
    this.#now = now
    this.#only = only
  }

  /** From now on nothing goes wrong any more. */
  end(): void {
    this.#isOver = true
  }

  /** How bad it is, in [0, 1); `undefined`: nothing happens. */
  strikes(kind: FaultKind, where: string): number | undefined {
    const rate = this.#rates[kind] ?? 0
    if (this.#isOver || rate === 0) return undefined
    const index = this.#decisions++
    const [chance, much] = [this.#random.next(), this.#random.next()]
    if (chance >= rate || this.#only?.has(index) === false) return undefined
    this.struck.push({ index, kind, at: this.#now(), where })
    return much
  }
}
