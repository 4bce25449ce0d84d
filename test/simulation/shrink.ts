import { type Outcome, type Play, simulate } from './simulate.ts'

/** The smallest play of a seed that still fails in the same way, as far as leaving out halves, quarters, … goes. */
export type Shrunk = { readonly play: Play; readonly outcome: Outcome }

/** So many plays at most: a failure is to be read soon. */
const mostPlays = 400

/**
 * Leaves out faults, acts and statements of programs for as long as it fails in the same way. What is left out changes
 * nothing about the chance of what is left. `undefined`: the seed does not fail.
 */
export async function shrink(seed: number): Promise<Shrunk | undefined> {
  const whole = await simulate({ seed })
  if (whole.violations.length === 0) return undefined
  return new Shrinking({ play: { seed }, outcome: whole }).shrunk()
}

class Shrinking {
  readonly #ways: ReadonlySet<string>
  #best: Shrunk
  #plays = 0

  constructor(whole: Shrunk) {
    this.#ways = new Set(whole.outcome.violations.map(wayOf))
    this.#best = whole
  }

  async shrunk(): Promise<Shrunk> {
    const { acts, statements } = this.#best.outcome
    await this.#fewerFaults()
    await this.#leaveOut(
      Array.from({ length: acts }, (_, index) => index),
      (without) => ({ without }),
    )
    await this.#leaveOut(statements, (cut) => ({ cut }))
    await this.#fewerFaults()
    const { cut, ...rest } = this.#best.play
    // Of programs that are not played nothing needs to be cut.
    if (cut !== undefined) await this.#fails(rest)
    return this.#best
  }

  #fewerFaults(): Promise<void> {
    const struck = this.#best.outcome.faults.map(({ id }) => id)
    return this.#fewest(struck, (kept) => ({ only: new Set(kept) }))
  }

  #leaveOut<T>(all: readonly T[], play: (left: ReadonlySet<T>) => Partial<Play>): Promise<void> {
    return this.#fewest(all, (kept) => play(new Set(all).difference(new Set(kept))))
  }

  /** Fewer and fewer of `all`, as long as what is left fails. */
  async #fewest<T>(all: readonly T[], play: (kept: readonly T[]) => Partial<Play>): Promise<void> {
    let kept = all
    for (let size = kept.length; size >= 1; size = Math.floor(size / 2)) {
      for (let from = 0; from < kept.length; ) {
        const fewer = kept.filter((_, index) => index < from || index >= from + size)
        if (await this.#fails({ ...this.#best.play, ...play(fewer) })) kept = fewer
        else from += size
      }
    }
  }

  async #fails(play: Play): Promise<boolean> {
    if (this.#plays++ >= mostPlays) return false
    const outcome = await simulate(play)
    const ways = outcome.violations.map(wayOf)
    // What is wrong in another way may be so only because what it needs was left out.
    if (ways.length === 0 || !ways.every((one) => this.#ways.has(one))) return false
    this.#best = { play, outcome }
    return true
  }
}

/** A violation without the numbers, ids and values that it names. */
function wayOf(violation: string): string {
  return violation.replaceAll(/[[{].*/gs, '').replaceAll(/\S*\d\S*/g, '#')
}

/** The options that play it again. */
function optionsOf({ seed, only, without, cut }: Play): readonly string[] {
  const list = (name: string, left: ReadonlySet<string | number> | undefined) =>
    left === undefined || left.size === 0 ? [] : [name, [...left].join()]
  return [
    ...['--seed', `${seed}`],
    ...(only?.size === 0 ? ['--only', 'none'] : list('--only', only)),
    ...list('--without', without),
    ...list('--cut', cut),
  ]
}

/** The command that plays it again. */
export function commandOf(play: Play, mutant?: string): string {
  const planted = mutant === undefined ? '' : ` --mutant '${mutant}'`
  return `npm run sim -- ${optionsOf(play).join(' ')}${planted}`
}
