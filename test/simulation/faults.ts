import { drawAt } from './draw-at.ts'
import type { FaultKind, FaultPlaces, FaultRates } from './fault-kinds.ts'

export type Fault = {
  /** Names the decision: the same in each run of the seed, and whatever else is left out. */
  readonly id: string
  readonly kind: FaultKind
  /** Ms since the start. */
  readonly at: number
  /** The kind of place: the same for all of its kind. */
  readonly where: string
  readonly what: string
  /** The kind of entry that was written last before it, by anybody. */
  readonly after: string
}

export type FaultsOptions = {
  readonly seed: number
  readonly rates: FaultRates
  readonly places?: FaultPlaces
  readonly now: () => number
  /** No others strike: so a failure is shrunk. */
  readonly only?: ReadonlySet<string> | undefined
}

/**
 * Decides at each occasion whether something goes wrong, and remembers what did. A decision follows from the seed, the
 * kind of fault, the place, and the how-manieth occasion of that kind it is there: what happens elsewhere, or is left
 * out, changes nothing about it.
 */
export class Faults {
  readonly struck: Fault[] = []
  readonly #options: FaultsOptions
  readonly #occasions = new Map<string, number>()
  /** Tells the kind of entry that was written last. */
  lastEntry: () => string = () => 'nothing'
  isOver = false

  constructor(options: FaultsOptions) {
    this.#options = options
  }

  /** From now on nothing goes wrong any more. */
  end(): void {
    this.isOver = true
  }

  /** How bad it is, in (0, 1); `undefined`: nothing happens. */
  strikes(kind: FaultKind, where: string, what: string): number | undefined {
    const { seed, rates, places = {}, now, only } = this.#options
    const rate = rates[kind] ?? 0
    if (this.isOver || rate === 0 || !where.startsWith(places[kind] ?? '')) return undefined
    const place = `${kind} ${where} ${what}`
    const occasion = this.#occasions.get(place) ?? 0
    this.#occasions.set(place, occasion + 1)
    const draw = drawAt(seed, `${place} ${occasion}`)
    if (draw.chance >= rate || only?.has(draw.id) === false) return undefined
    this.struck.push({ id: draw.id, kind, at: now(), where, what, after: this.lastEntry() })
    return draw.much
  }
}
