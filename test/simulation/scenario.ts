import type { Random } from '@fermata/orchestrator/ports'
import fc from 'fast-check'
import { anyProgram, type Program } from '../programs/program.ts'
import { createSeededRandom } from '../support/sim-clock.ts'
import { drawRates, type FaultRates } from './faults.ts'

/** What a person does to an invocation. */
export type Deed = 'cancel' | 'kill' | 'pause' | 'restart'

export type Act =
  | { readonly kind: 'submit'; readonly at: number; readonly program: number }
  | { readonly kind: 'produce'; readonly at: number; readonly key: string; readonly value: number }
  | { readonly kind: 'person'; readonly at: number; readonly program: number; readonly does: Deed }

/** All that follows from a seed. */
export type Scenario = {
  readonly seed: number
  readonly programs: readonly Program[]
  /** By time, ms since the start. */
  readonly acts: readonly Act[]
  readonly rates: FaultRates
  readonly replicas: number
  /** By how much each replica's wall clock is ahead, ms. */
  readonly skews: readonly number[]
  readonly partitions: number
}

/** How long there is trouble. */
export const troubleMs = 60_000
const mostSkewMs = 5_000

export function scenarioOf(seed: number): Scenario {
  const random = createSeededRandom(seed)
  const count = 1 + below(random, 3)
  const programs = fc.sample(anyProgram, { seed, numRuns: count })
  const submits = programs.map(
    (_, program): Act => ({ kind: 'submit', at: moment(random), program }),
  )
  const records = Array.from(
    { length: random.next() < 0.6 ? below(random, 12) : 0 },
    (_, value): Act => ({ kind: 'produce', at: moment(random), key: keyOf(random), value }),
  )
  const deeds: readonly Deed[] = ['cancel', 'kill', 'pause']
  const persons = submits
    .filter(() => random.next() < 0.25)
    .map(
      (submit): Act => ({
        kind: 'person',
        at: submit.at + random.next() * 20_000,
        program: submit.kind === 'submit' ? submit.program : 0,
        does: deeds[below(random, deeds.length)] ?? 'cancel',
      }),
    )
  const isSkewed = random.next() < 0.3
  const replicas = 2 + below(random, 2)
  return {
    seed,
    programs,
    acts: [...submits, ...records, ...persons].toSorted((a, b) => a.at - b.at),
    rates: drawRates(random),
    replicas,
    skews: Array.from({ length: 32 }, () =>
      isSkewed ? Math.round((random.next() - 0.5) * 2 * mostSkewMs) : 0,
    ),
    partitions: 1 + below(random, 3),
  }
}

function moment(random: Random): number {
  return Math.round(random.next() * (troubleMs / 3))
}

function keyOf(random: Random): string {
  return ['x', 'y', 'z'][below(random, 3)] ?? 'x'
}

function below(random: Random, count: number): number {
  return Math.floor(random.next() * count)
}
