import { parseArgs } from 'node:util'
import { simulate } from './simulate.ts'
import type { Played } from './swarm.ts'

// One process of a swarm: plays every `step`-th seed and tells its parent what came of it.
const { values } = parseArgs({
  options: { from: { type: 'string' }, to: { type: 'string' }, step: { type: 'string' } },
})
let playing = 0
const tell = (played: Played): void => {
  process.send?.(played)
}
const broken = (error: unknown): void => {
  const violations = [error instanceof Error ? (error.stack ?? error.message) : String(error)]
  tell({ seed: playing, simulatedMs: 0, violations, faults: [], stories: [] })
}
process.on('uncaughtException', broken)
process.on('unhandledRejection', broken)
for (let seed = Number(values.from); seed < Number(values.to); seed += Number(values.step)) {
  playing = seed
  const { simulatedMs, violations, faults, stories } = await simulate({ seed })
  tell({
    ...{ seed, simulatedMs, violations, stories },
    faults: faults.map(({ kind, where, after }) => ({ kind, where, after })),
  })
}
process.disconnect?.()
process.exit(0)
