import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Mutant } from './mutants/mutant.ts'
import { mutants } from './mutants.ts'

// Plants each bug in a process of its own, and says which seed finds it. Fails where one survives.
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    workers: { type: 'string', default: String(availableParallelism()) },
  },
})
const root = fileURLToPath(new URL('../..', import.meta.url))
const patienceMs = 600_000

type Found = { readonly seed: number; readonly what: string }

function find({ name }: Mutant): Promise<Found> {
  const main = fileURLToPath(new URL('mutant-main.ts', import.meta.url))
  const args = ['--conditions=source', '--no-warnings', main, '--name', name]
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      args,
      { cwd: root, timeout: patienceMs },
      (error, stdout, stderr) => {
        const last = stdout.trim().split('\n').at(-1) ?? ''
        if (error === null) resolve(JSON.parse(last) as Found)
        else
          resolve({
            seed: error.killed ? -1 : 0,
            what: error.killed ? 'hangs' : stderr.slice(0, 500),
          })
      },
    )
  })
}

const left = mutants.filter(({ name }) => values.only === undefined || name.includes(values.only))
let survivors = 0
async function work(): Promise<void> {
  for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
    const { seed, what } = await find(mutant)
    // One that takes too long is not known to be found.
    if (seed <= 0) survivors += 1
    const trace = mutant.trace === undefined ? '' : ` (trace ${mutant.trace})`
    const verdict =
      seed === 0 ? 'SURVIVES' : seed < 0 ? 'TAKES TOO LONG' : `seed ${seed} of ${mutant.within}`
    console.log(`${mutant.name}${trace}: ${verdict}: ${what.slice(0, 160)}`)
  }
}
await Promise.all(Array.from({ length: Number(values.workers) }, work))
console.log(survivors === 0 ? 'All are found.' : `${survivors} survive.`)
if (survivors > 0) process.exitCode = 1
