import { parseArgs } from 'node:util'
import { plantByName } from './plant-by-name.ts'
import type { Asked, Played } from './swarm.ts'

// One process of a swarm: plays the seeds that its parent names, and tells what came of them.
const { values } = parseArgs({ options: { mutant: { type: 'string' } } })
plantByName(values.mutant)
const { simulate } = await import('./simulate.ts')

process.on('message', ({ seed }: Asked) => {
  // What nobody has caught may have come from anywhere: this process is of no more use.
  const broken = (error: unknown): void => {
    const violations = [error instanceof Error ? (error.stack ?? error.message) : String(error)]
    tell({ seed, simulatedMs: 0, violations, faults: [], stories: [] }, () => process.exit(1))
  }
  process.removeAllListeners('uncaughtException').once('uncaughtException', broken)
  process.removeAllListeners('unhandledRejection').once('unhandledRejection', broken)
  play(seed).then((played) => tell(played), broken)
})
process.on('disconnect', () => process.exit(0))

async function play(seed: number): Promise<Played> {
  const { simulatedMs, violations, faults, stories } = await simulate({ seed })
  return {
    ...{ seed, simulatedMs, violations, stories },
    faults: faults.map(({ kind, where, after }) => ({ kind, where, after })),
  }
}

function tell(played: Played, told: () => void = () => undefined): void {
  process.send?.(played, told)
}
