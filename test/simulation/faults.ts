import type { Random } from '@fermata/orchestrator/ports'
import type { Chance } from './chance.ts'

/** What can go wrong. */
export const faultKinds = [
  /** A store fails before it has done what it was asked for. */
  'store-refuses',
  /** It does it, and the answer is lost. */
  'answer-lost',
  /** It takes its time. */
  'store-slow',
  /** A function dies, and its platform says so. */
  'function-dies',
  /** It dies, and nothing is heard of it any more. */
  'function-unheard',
  /** Its platform says that it has died, and it goes on. */
  'function-lives-on',
  /** At a fault point of the engine. */
  'replica-dies',
  /** It is told to stop, and takes its leave; another one comes. */
  'replica-stops',
  /** All replicas die at once. */
  'blackout',
  /** It stands still, for seconds or minutes, and goes on as if nothing had been. */
  'replica-stalls',
  /** It dies a moment after it has gone on. */
  'dies-waking',
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
  /** The kind of place: the same for all of its kind. */
  readonly where: string
  readonly what: string
  /** The kind of entry that was written last before it, by anybody. */
  readonly after: string
}

export type FaultRates = { readonly [K in FaultKind]?: number }
/** Where a kind strikes, and nowhere else: the beginning of `where`. */
export type FaultPlaces = { readonly [K in FaultKind]?: string }

/** About half of the kinds, each at a rate of its own; some seeds have none at all. */
export function drawRates(chance: Chance): FaultRates {
  const severity = chance.next()
  const rates = faultKinds.map((kind) => [kind, chance.happens(0.5), chance.next()] as const)
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
  'function-unheard': 0.04,
  'function-lives-on': 0.1,
  'replica-dies': 0.02,
  'replica-stops': 0.01,
  blackout: 0.01,
  'replica-stalls': 0.004,
  'dies-waking': 0.5,
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
  readonly #places: FaultPlaces
  readonly #only: ReadonlySet<number> | undefined
  readonly #now: () => number
  /** Tells the kind of entry that was written last. */
  lastEntry: () => string = () => 'nothing'
  #decisions = 0
  #isOver = false

  constructor(
    random: Random,
    { rates, places = {} }: { readonly rates: FaultRates; readonly places?: FaultPlaces },
    now: () => number,
    only: ReadonlySet<number> | undefined,
  ) {
    this.#random = random
    this.#rates = rates
    this.#places = places
    this.#now = now
    this.#only = only
  }

  /** From now on nothing goes wrong any more. */
  end(): void {
    this.#isOver = true
  }

  /** How bad it is, in (0, 1); `undefined`: nothing happens. */
  strikes(kind: FaultKind, where: string, what: string): number | undefined {
    const rate = this.#rates[kind] ?? 0
    if (this.#isOver || rate === 0 || !where.startsWith(this.#places[kind] ?? '')) return undefined
    const index = this.#decisions++
    const [chance, much] = [this.#random.next(), Math.max(this.#random.next(), Number.EPSILON)]
    if (chance >= rate || this.#only?.has(index) === false) return undefined
    this.struck.push({ index, kind, at: this.#now(), where, what, after: this.lastEntry() })
    return much
  }
}
