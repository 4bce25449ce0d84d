import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { commandOf, shrink } from './shrink.ts'
import { type Outcome, type Play, simulate } from './simulate.ts'
import { Summary } from './summary.ts'
import { playAll } from './swarm.ts'

const { values } = parseArgs({
  options: {
    /** Plays this one alone, and shows what happened. */
    seed: { type: 'string' },
    /** Numbers of the only faults that strike, and of acts that are left out. */
    only: { type: 'string' },
    without: { type: 'string' },
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    workers: { type: 'string', default: String(availableParallelism()) },
    /** How many lines of what happened are shown. */
    lines: { type: 'string', default: '400' },
  },
})

process.exitCode = values.seed === undefined ? await many() : await one(Number(values.seed))
process.exit()

async function one(seed: number): Promise<number> {
  const play: Play = {
    seed,
    ...(values.only !== undefined && { only: numbersOf(values.only) }),
    ...(values.without !== undefined && { without: numbersOf(values.without) }),
  }
  const outcome = await simulate(play)
  show(outcome)
  return outcome.violations.length > 0 ? 1 : 0
}

async function many(): Promise<number> {
  const [seeds, from, workers] = [values.seeds, values.from, values.workers].map(Number)
  const summary = new Summary()
  const began = performance.now()
  const rate = () => summary.seeds / ((performance.now() - began) / 1_000)
  await playAll({
    ...{ seeds: seeds ?? 0, from: from ?? 1, workers: workers ?? 1 },
    onPlayed(played) {
      summary.add(played)
      const { seed, violations } = played
      if (violations.length > 0) console.log(`seed ${seed}: ${violations[0]?.slice(0, 300)}`)
      if (summary.seeds % 500 === 0) console.log(`${summary.seeds} seeds, ${rate().toFixed(1)}/s`)
    },
  })
  console.log(summary.text())
  const hours = (summary.simulatedMs / 3_600_000).toFixed(1)
  console.log(
    `\n${summary.seeds} seeds, ${rate().toFixed(1)}/s, ${hours} h of simulated time, ${summary.failed.length} failed`,
  )
  const [first] = summary.failed.toSorted((a, b) => a.seed - b.seed)
  if (first === undefined) return 0
  const shrunk = await shrink(first.seed)
  if (shrunk !== undefined) {
    show(shrunk.outcome)
    console.log(`\nAgain: ${commandOf(shrunk.play)}`)
  }
  return 1
}

function show({ seed, faults, violations, timeline, hash }: Outcome): void {
  console.log(timeline(Number(values.lines)))
  console.log(`\nseed ${seed}, ${hash}, ${faults.length} faults:`)
  for (const { index, kind, at, where, what } of faults) {
    console.log(`  ${String(index).padStart(6)} ${at} ms  ${kind}: ${where} ${what}`)
  }
  console.log(violations.length === 0 ? 'Nothing is wrong.' : `\n${violations.join('\n')}`)
}

function numbersOf(text: string): ReadonlySet<number> {
  return new Set(text === '' ? [] : text.split(',').map(Number))
}
