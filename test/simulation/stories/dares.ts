import type { Chance } from '../chance.ts'
import type { Story } from '../story.ts'
import { type Asked, asking, wrong } from './asked.ts'

/** Steps that must never begin twice, and some that fail until they are given up. `dice` tells what was done twice. */
export function dares(chance: Chance, mostMs: number): Story {
  const all = chance.times(chance.between(4, 8), (n): Asked => {
    const handler = chance.one(['once', 'once', 'quit'])
    const target = { service: 'dare', handler }
    return { name: `dare ${n}`, target, input: `d${n}`, at: chance.below(mostMs), id: undefined }
  })
  return {
    name: 'dares',
    acts: all.map(asking),
    violations: (universe) =>
      wrong(universe, all, (value, { target, input }) => {
        if (target.handler === 'quit') return value === 'step-exhausted'
        const isDone = universe.told.some(({ key }) => key === `dared ${input}`)
        return value === 'perhaps' || (value === 'dared' && isDone)
      }),
  }
}
