import type { EngineOptions } from '@fermata/orchestrator/engine/engine'
import { Chance } from './chance.ts'
import { drawRates, type FaultPlaces, type FaultRates } from './fault-kinds.ts'
import { type Scene, scenes, type Teller } from './scenes.ts'
import { backers } from './stories/backers.ts'
import { bosses } from './stories/bosses.ts'
import { clocks } from './stories/clocks.ts'
import { dares } from './stories/dares.ts'
import { desks } from './stories/desks.ts'
import { errands } from './stories/errands.ts'
import { gathers } from './stories/gathers.ts'
import { holders } from './stories/holders.ts'
import { latecomers } from './stories/latecomers.ts'
import { ledgers } from './stories/ledgers.ts'
import { messengers } from './stories/messengers.ts'
import { onces } from './stories/onces.ts'
import { plains } from './stories/plains.ts'
import { postmen } from './stories/postmen.ts'
import { programs } from './stories/programs.ts'
import { redos } from './stories/redos.ts'
import { restarts } from './stories/restarts.ts'
import { shies } from './stories/shies.ts'
import { shoppers } from './stories/shoppers.ts'
import { slates } from './stories/slates.ts'
import { sleepers } from './stories/sleepers.ts'
import { tills } from './stories/tills.ts'
import { weaves } from './stories/weaves.ts'
import type { Act, Story } from './story.ts'
import { mostSkewMs, mostSlowMs, mostStallMs } from './times.ts'

/** All that follows from a seed. */
export type Scenario = {
  readonly seed: number
  readonly stories: readonly Story[]
  /** Of all stories, by time. Their numbers are the same in each run of the seed. */
  readonly acts: readonly Act[]
  readonly rates: FaultRates
  readonly places: FaultPlaces
  readonly replicas: number
  /** By how much each replica's wall clock is ahead, ms. */
  readonly skews: readonly number[]
  readonly partitions: number
  /** All replicas die when the trouble ends: what is left is what the table holds. */
  readonly endsInBlackout: boolean
  /** What it is made for; none: chance alone. */
  readonly scene: string | undefined
  /** The longest that a store takes, and that a replica stands still. */
  readonly slowMs: number
  readonly stallMs: number
  /** How many attempts a replica may run at once. */
  readonly running: number
  /** Nothing has to wait for that. */
  readonly hasRoom: boolean
  readonly agenda: EngineOptions['agenda']
}

const tellers: readonly Teller[] = [
  ...[programs, ledgers, weaves, tills, desks, restarts],
  ...[clocks, gathers, holders, bosses, plains, sleepers],
  ...[postmen, errands, shies, onces, backers],
  ...[dares, latecomers, messengers, redos, shoppers, slates],
]
/** How likely each is told: programs and tills are most of it. */
const weights: readonly number[] = [
  ...[0.5, 0.3, 0.4, 0.4, 0.3, 0.15],
  ...[0.15, 0.2, 0.2, 0.2, 0.2, 0.1],
  ...[0.15, 0.1, 0.1, 0.1, 0.1],
  ...[0.15, 0.15, 0.15, 0.15, 0.15, 0.2],
]
/** Every so many seeds there is a scene: each has its turn. */
const sceneEvery = 2
const enough = 100

export function scenarioOf(seed: number): Scenario {
  const chance = new Chance(seed)
  const scene = seed % sceneEvery === 0 ? scenes[(seed / sceneEvery) % scenes.length] : undefined
  const drawn = drawRates(chance)
  const rates = scene?.rates ?? drawn
  const [isSkewed, endsInBlackout] = [chance.happens(0.3), chance.happens(0.3)]
  const replicas = chance.between(2, 3)
  const partitions = chance.between(1, 3)
  // Much at once, or one thing after the other.
  const mostMs = chance.one([3_000, 10_000, 25_000])
  const stories = tellersOf(chance, scene).map((tell) =>
    tell(new Chance(chance.below(2 ** 31)), mostMs),
  )
  const skews = chance.times(32, () => chance.between(-mostSkewMs, mostSkewMs))
  return {
    ...{ seed, stories, rates, partitions },
    replicas: scene?.replicas ?? replicas,
    scene: scene?.name,
    running: scene?.running ?? enough,
    hasRoom: scene?.running === undefined,
    places: scene?.places ?? {},
    agenda: scene?.agenda ?? {},
    slowMs: scene?.slowMs ?? mostSlowMs,
    stallMs: scene?.stallMs ?? mostStallMs,
    endsInBlackout: scene === undefined && endsInBlackout && Object.keys(rates).length > 0,
    acts: stories.flatMap(({ acts }) => acts).toSorted((a, b) => a.at - b.at),
    skews: isSkewed && scene === undefined ? skews : skews.map(() => 0),
  }
}

function tellersOf(chance: Chance, scene: Scene | undefined): readonly Teller[] {
  if (scene !== undefined) return scene.tellers
  const told = tellers.filter((_, index) => chance.happens(weights[index] ?? 0))
  return told.length > 0 ? told : [programs]
}
