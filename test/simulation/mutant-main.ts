import { parseArgs } from 'node:util'
import { mutants } from './mutants.ts'
import { plant } from './mutate.ts'

// One planted bug in a process of its own: plays seeds until one finds it.
const { values } = parseArgs({
  options: {
    name: { type: 'string' },
    from: { type: 'string', default: '1' },
    seeds: { type: 'string' },
  },
})
const mutant = mutants.find(({ name }) => name === values.name)
if (mutant === undefined) throw new Error(`there is no mutant "${values.name}"`)
const planted = plant(mutant.edits)
const { simulate } = await import('./simulate.ts')
for (const { file } of mutant.edits) {
  if (!planted.has(file)) throw new Error(`${file} is not part of the simulation`)
}
const from = Number(values.from)
const within = Number(values.seeds ?? mutant.within)
let seed = from
/** `played`: how many seeds it took; 0: it survives. */
const tell = (played: number, what: string): never => {
  console.log(JSON.stringify({ played, seed, what }))
  process.exit(0)
}
// What a planted bug throws where nobody expects it is as good a find as any.
const thrown = (error: unknown): never => tell(seed - from + 1, String(error))
process.on('uncaughtException', thrown)
process.on('unhandledRejection', thrown)
for (; seed < from + within; seed++) {
  const { violations } = await simulate({ seed })
  const [what] = violations
  if (what !== undefined) tell(seed - from + 1, what)
}
tell(0, `none of ${within} seeds finds it`)
