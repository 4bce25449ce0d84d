import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { commandLine, numberOf, refuse } from '../support/command-line.ts'
import type { Mutant } from './mutants/mutant.ts'
import { mutants } from './mutants.ts'

// Plants each bug in a process of its own, and says how many seeds it took to find it. Fails where one survives.
const { values } = commandLine({
  options: {
    /** A part of the names of those that are planted. */
    only: { type: 'string', default: '' },
    /** The first seed. */
    from: { type: 'string', default: '1' },
    /** How many seeds each gets, instead of its own number. */
    seeds: { type: 'string' },
    workers: { type: 'string', default: String(availableParallelism()) },
  },
})
const root = fileURLToPath(new URL('../..', import.meta.url))
const main = fileURLToPath(new URL('mutant-main.ts', import.meta.url))
const patienceMs = 600_000

/** `played`: how many seeds it took; 0: it survives. */
type Found = { readonly played: number; readonly what: string }

function find({ name }: Mutant): Promise<Found> {
  const args = ['--conditions=source', '--no-warnings', main, '--name', name, '--from', values.from]
  const seeds = values.seeds === undefined ? [] : ['--seeds', values.seeds]
  const options = { cwd: root, timeout: patienceMs }
  return new Promise((resolve) => {
    execFile(process.execPath, [...args, ...seeds], options, (error, stdout, stderr) => {
      const last = stdout.trim().split('\n').at(-1) ?? ''
      if (error === null) resolve(JSON.parse(last) as Found)
      else resolve({ played: 0, what: error.killed ? 'takes too long' : stderr.slice(0, 500) })
    })
  })
}

const left = mutants.filter(({ name }) => name.includes(values.only))
if (left.length === 0) refuse(`No planted bug has "${values.only}" in its name`)
numberOf('from', values.from)
if (values.seeds !== undefined) numberOf('seeds', values.seeds, 1)
const workers = numberOf('workers', values.workers, 1)
const survivors: string[] = []
const counts: number[] = []
const began = performance.now()

async function work(): Promise<void> {
  for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
    const { played, what } = await find(mutant)
    if (played === 0) survivors.push(mutant.name)
    else counts.push(played)
    const trace = mutant.trace === undefined ? '' : ` (trace ${mutant.trace})`
    const verdict = played === 0 ? 'SURVIVES' : `${played} of ${mutant.within} seeds`
    console.log(`${mutant.name}${trace}: ${verdict}: ${what.slice(0, 160)}`)
  }
}

await Promise.all(Array.from({ length: workers }, work))
const [median] = counts.toSorted((a, b) => a - b).slice(Math.floor(counts.length / 2))
const seconds = Math.round((performance.now() - began) / 1_000)
console.log(`${counts.length} are found, by a median of ${median} seeds, in ${seconds} s.`)
if (survivors.length > 0) {
  console.log(`These are not: ${survivors.join(', ')}`)
  process.exitCode = 1
}
