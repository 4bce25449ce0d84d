/** Something that happens in a function or a replica and at which it may die. */
export type CrashPoint = { readonly where: 'function' | 'replica'; readonly name: string }

/**
 * How a function dies: `told`, its platform says so at once; `unheard`, nothing is heard of it any more; `lives-on`,
 * its platform says so, and it is not true. A replica `dies`, or `stalls` and goes on much later.
 */
export type Death = 'told' | 'unheard' | 'lives-on' | 'dies' | 'stalls'

/** The `index`-th moment of its place: whoever comes by then dies. */
export type Strike = {
  readonly where: CrashPoint['where']
  readonly index: number
  readonly death?: Death
}

/** Counts what happens, and says at which of it to die: at certain moments of the whole run, or never. */
export class CrashPlan {
  readonly seen: CrashPoint[] = []
  readonly #strikes: readonly Strike[]
  readonly #counts = { function: 0, replica: 0 }
  #struck = 0

  constructor(...strikes: readonly Strike[]) {
    this.#strikes = strikes
  }

  /** How many have died. */
  get struck(): number {
    return this.#struck
  }

  /** Whether whoever comes by dies here, and how. */
  strikes(point: CrashPoint): Death | undefined {
    const index = this.#counts[point.where]++
    this.seen.push(point)
    const strike = this.#strikes.find((one) => one.where === point.where && one.index === index)
    if (strike === undefined) return undefined
    this.#struck += 1
    return strike.death ?? (point.where === 'function' ? 'told' : 'dies')
  }

  count(where: CrashPoint['where']): number {
    return this.#counts[where]
  }
}
