import { parseArgs } from 'node:util'
import { mutants } from './mutants.ts'
import { plant } from './mutate.ts'

// One mutant in a process of its own: plays seeds until one finds it.
const { values } = parseArgs({
  options: { name: { type: 'string' }, seeds: { type: 'string' } },
})
const mutant = mutants.find(({ name }) => name === values.name)
if (mutant === undefined) throw new Error(`there is no mutant "${values.name}"`)
const planted = plant(mutant.edits)
const { simulate } = await import('./simulate.ts')
for (const { file } of mutant.edits) {
  if (!planted.has(file)) throw new Error(`${file} is not part of the simulation`)
}
let seed = 0
const found = (what: string): never => {
  console.log(JSON.stringify({ seed, what }))
  process.exit(0)
}
// What a planted bug throws where nobody expects it is as good a find as any.
process.on('uncaughtException', (error) => found(String(error)))
process.on('unhandledRejection', (error) => found(String(error)))
for (seed = 1; seed <= Number(values.seeds ?? mutant.within); seed++) {
  const { violations } = await simulate({ seed })
  const [what] = violations
  if (what !== undefined) found(what)
}
console.log(JSON.stringify({ seed: 0, what: 'survives' }))
process.exit(0)
