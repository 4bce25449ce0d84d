import { availableParallelism } from 'node:os'
import { commandLine, numberOf } from '../support/command-line.ts'
import { plantByName } from './plant-by-name.ts'

const { values } = commandLine({
  options: {
    /** Plays this one alone, and shows what happened. */
    seed: { type: 'string' },
    /** Ids of the only faults that strike (`none`: none), numbers of acts and names of statements that are left out. */
    only: { type: 'string' },
    without: { type: 'string' },
    cut: { type: 'string' },
    /** A planted bug. */
    mutant: { type: 'string' },
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    workers: { type: 'string', default: String(availableParallelism()) },
    /** After so many failing seeds it is enough; 0: never. */
    failures: { type: 'string', default: '0' },
    /** How many lines of what happened are shown. */
    lines: { type: 'string', default: '400' },
  },
})
plantByName(values.mutant)
const { playMany, playOne } = await import('./play.ts')
const { seed, only, without, cut, mutant } = values
const [seeds, workers] = [
  numberOf('seeds', values.seeds, 1),
  numberOf('workers', values.workers, 1),
]
const [from, lines] = [numberOf('from', values.from), numberOf('lines', values.lines)]
const failures = numberOf('failures', values.failures)

const isWell =
  seed === undefined
    ? await playMany({ seeds, from, workers, lines, failures, mutant })
    : await playOne(
        {
          seed: numberOf('seed', seed),
          ...(only !== undefined && {
            only: only === 'none' ? new Set() : new Set(only.split(',')),
          }),
          ...(without !== undefined && { without: new Set(without.split(',').map(Number)) }),
          ...(cut !== undefined && { cut: new Set(cut.split(',')) }),
        },
        lines,
      )
process.exit(isWell ? 0 : 1)
