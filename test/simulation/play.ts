import { commandOf, shrink } from './shrink.ts'
import { type Outcome, type Play, simulate } from './simulate.ts'
import { Summary } from './summary.ts'
import { type Played, playAll } from './swarm.ts'

export type ManySeeds = {
  readonly seeds: number | undefined
  readonly from: number | undefined
  readonly workers: number | undefined
  readonly lines: number | undefined
  /** After so many failing seeds it is enough. */
  readonly failures: number | undefined
  readonly mutant: string | undefined
}

const progressMs = 10_000
const shownOfViolation = 300
/** So many failing seeds are shrunk: the first ones. */
const mostShrunk = 3

/** Plays one, and shows what happened. Answers whether nothing is wrong. */
export async function playOne(play: Play, lines = 400): Promise<boolean> {
  const outcome = await simulate(play)
  show(outcome, lines)
  return outcome.violations.length === 0
}

/** Plays many, shows how it goes and what came of it, and shrinks the first that fail. */
export async function playMany(options: ManySeeds): Promise<boolean> {
  const { seeds = 0, from = 1, workers = 1, failures = 0, mutant } = options
  const summary = new Summary()
  const began = performance.now()
  const progress = (): void => {
    const rate = summary.seeds / ((performance.now() - began) / 1_000)
    const failed = summary.failed.length
    console.log(`${summary.seeds} of ${seeds} seeds, ${rate.toFixed(1)}/s, ${failed} failed`)
  }
  const timer = setInterval(progress, progressMs)
  const onPlayed = (played: Played): void => {
    summary.add(played)
    if (played.violations.length > 0) console.log(failureOf(played, mutant))
  }
  const isEnough = (): boolean => failures > 0 && summary.failed.length >= failures
  await playAll({ seeds, from, workers, mutant, onPlayed, isEnough })
  clearInterval(timer)
  console.log(summary.text())
  progress()
  const hours = (summary.simulatedMs / 3_600_000).toFixed(1)
  console.log(`${hours} h of simulated time`)
  await showShrunk(summary.failed, options)
  return summary.failed.length === 0
}

function failureOf({ seed, violations }: Played, mutant: string | undefined): string {
  const [what = ''] = violations
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : ''
  const cut = what.length > shownOfViolation ? '…' : ''
  return `FAILED ${commandOf({ seed }, mutant)}\n  ${what.slice(0, shownOfViolation)}${cut}${more}`
}

async function showShrunk(failed: readonly Played[], { lines, mutant }: ManySeeds): Promise<void> {
  const sorted = failed.toSorted((a, b) => a.seed - b.seed)
  // A play of no simulated time has ended its worker: it would end this process, too.
  const first = sorted.filter(({ simulatedMs }) => simulatedMs > 0).slice(0, mostShrunk)
  for (const { seed } of first) {
    const shrunk = await shrink(seed)
    if (shrunk === undefined) {
      console.log(`\nseed ${seed} fails in its worker alone: it is not the same each time`)
      continue
    }
    show(shrunk.outcome, lines)
    console.log(`\nAgain: ${commandOf(shrunk.play, mutant)}`)
  }
  if (failed.length > first.length) {
    console.log(`\n${failed.length - first.length} more have failed, and were not shrunk.`)
  }
}

function show({ seed, faults, violations, timeline, hash }: Outcome, lines = 400): void {
  console.log(timeline(lines))
  console.log(`\nseed ${seed}, ${hash}, ${faults.length} faults:`)
  for (const { id, kind, at, where, what } of faults) {
    console.log(`  ${id.padStart(7)} ${at} ms  ${kind}: ${where} ${what}`)
  }
  console.log(violations.length === 0 ? 'Nothing is wrong.' : `\n${violations.join('\n')}`)
}
