import { parseArgs } from 'node:util'
import { simulate } from './simulate.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
  },
})

const first = Number(values.seed ?? values.from)
const count = values.seed === undefined ? Number(values.seeds) : 1
const began = performance.now()
let failed = 0
for (let seed = first; seed < first + count; seed++) {
  const outcome = await simulate({ seed })
  if (outcome.violations.length > 0) {
    failed += 1
    console.log(`seed ${seed}: ${outcome.faults.length} faults, ${outcome.hash}`)
    for (const violation of outcome.violations.slice(0, 5))
      console.log(`  ${violation.slice(0, 400)}`)
  }
  if (values.seed !== undefined) console.log(outcome.timeline(400))
}
console.log(`${count} seeds, ${failed} failed, ${Math.round(performance.now() - began)} ms`)
