import type { Asked, Played } from './swarm.ts'

// A worker that dies of its second seed, and hangs at its third: for `swarm.test.ts`.
process.on('message', ({ seed }: Asked) => {
  if (seed === 2) process.exit(7)
  if (seed === 3) return
  const played: Played = { seed, simulatedMs: 1, violations: [], stories: [], faults: [] }
  process.send?.(played)
})
