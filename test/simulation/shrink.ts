import { type Outcome, type Play, simulate } from './simulate.ts'

/** The smallest play of a seed that still fails, as far as leaving out halves, quarters, … goes. */
export type Shrunk = { readonly play: Play; readonly outcome: Outcome }

/** So many plays at most: a failure is to be read soon. */
const mostPlays = 200

/** Leaves out faults and acts for as long as it still fails. `undefined`: the seed does not fail. */
export async function shrink(seed: number): Promise<Shrunk | undefined> {
  const whole = await simulate({ seed })
  if (whole.violations.length === 0) return undefined
  let plays = 0
  let best: Shrunk = { play: { seed }, outcome: whole }
  const fails = async (play: Play): Promise<boolean> => {
    if (plays++ >= mostPlays) return false
    const outcome = await simulate(play)
    if (outcome.violations.length === 0) return false
    best = { play, outcome }
    return true
  }
  const acts = await fewest(
    Array.from({ length: whole.acts }, (_, index) => index),
    (kept) => fails({ seed, without: complement(whole.acts, kept) }),
  )
  const without = complement(whole.acts, acts)
  const struck = best.outcome.faults.map(({ index }) => index)
  await fewest(struck, (kept) => fails({ seed, without, only: new Set(kept) }))
  return best
}

function complement(count: number, kept: readonly number[]): ReadonlySet<number> {
  const left = new Set(Array.from({ length: count }, (_, index) => index))
  for (const index of kept) left.delete(index)
  return left
}

/** Fewer and fewer of `all`, as long as what is left `fails`. */
async function fewest(
  all: readonly number[],
  fails: (kept: readonly number[]) => Promise<boolean>,
): Promise<readonly number[]> {
  let kept = all
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < kept.length; ) {
      const fewer = kept.filter((_, index) => index < from || index >= from + size)
      if (await fails(fewer)) kept = fewer
      else from += size
    }
  }
  return kept
}

/** The command that plays it again. */
export function commandOf({ seed, only, without }: Play): string {
  const faults = only === undefined ? '' : ` --only '${[...only].join()}'`
  const acts =
    without === undefined || without.size === 0 ? '' : ` --without ${[...without].join()}`
  return `npm run sim -- --seed ${seed}${faults}${acts}`
}
