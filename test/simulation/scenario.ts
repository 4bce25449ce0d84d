import { Chance } from './chance.ts'
import { drawRates, type FaultRates } from './faults.ts'
import { bosses } from './stories/bosses.ts'
import { clocks } from './stories/clocks.ts'
import { desks } from './stories/desks.ts'
import { gathers } from './stories/gathers.ts'
import { holders } from './stories/holders.ts'
import { ledgers } from './stories/ledgers.ts'
import { plains } from './stories/plains.ts'
import { programs } from './stories/programs.ts'
import { restarts } from './stories/restarts.ts'
import { sleepers } from './stories/sleepers.ts'
import { tills } from './stories/tills.ts'
import { weaves } from './stories/weaves.ts'
import type { Act, Story } from './story.ts'
import { mostSkewMs } from './times.ts'

/** All that follows from a seed. */
export type Scenario = {
  readonly seed: number
  readonly stories: readonly Story[]
  /** Of all stories, by time. Their numbers are the same in each run of the seed. */
  readonly acts: readonly Act[]
  readonly rates: FaultRates
  readonly replicas: number
  /** By how much each replica's wall clock is ahead, ms. */
  readonly skews: readonly number[]
  readonly partitions: number
  /** All replicas die when the trouble ends: what is left is what the table holds. */
  readonly endsInBlackout: boolean
}

type Teller = (chance: Chance, mostMs: number) => Story

const tellers: readonly Teller[] = [
  ...[programs, ledgers, weaves, tills, desks, restarts],
  ...[clocks, gathers, holders, bosses, plains, sleepers],
]
/** How likely each is told: programs and tills are most of it. */
const weights: readonly number[] = [0.5, 0.3, 0.4, 0.4, 0.3, 0.15, 0.15, 0.2, 0.2, 0.2, 0.2, 0.1]

export function scenarioOf(seed: number): Scenario {
  const chance = new Chance(seed)
  const rates = drawRates(chance)
  const [isSkewed, endsInBlackout] = [chance.happens(0.3), chance.happens(0.3)]
  const replicas = chance.between(2, 3)
  const partitions = chance.between(1, 3)
  // Much at once, or one thing after the other.
  const mostMs = chance.one([3_000, 10_000, 25_000])
  const told = tellers.filter((_, index) => chance.happens(weights[index] ?? 0))
  const stories = (told.length > 0 ? told : [programs]).map((tell) =>
    tell(new Chance(chance.below(2 ** 31)), mostMs),
  )
  return {
    ...{ seed, stories, rates, replicas, partitions },
    endsInBlackout: endsInBlackout && Object.keys(rates).length > 0,
    acts: stories.flatMap(({ acts }) => acts).toSorted((a, b) => a.at - b.at),
    skews: chance.times(32, () => (isSkewed ? chance.between(-mostSkewMs, mostSkewMs) : 0)),
  }
}
