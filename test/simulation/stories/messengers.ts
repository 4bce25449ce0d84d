import type { Chance } from '../chance.ts'
import type { Story } from '../story.ts'
import { type Asked, asking, wrong } from './asked.ts'

/** Handlers that send signals to others, wait for what comes of them, and cancel one: each once (INV-5). */
export function messengers(chance: Chance, mostMs: number): Story {
  const target = { service: 'messenger', handler: 'run' }
  const all = chance.times(
    chance.between(1, 4),
    (n): Asked => ({
      ...{ name: `messenger ${n}`, target, input: `m${n}` },
      ...{ at: chance.below(mostMs), id: undefined },
    }),
  )
  return {
    name: 'messengers',
    acts: all.map(asking),
    violations: (universe) => [
      ...wrong(universe, all, (value) => {
        const { words, missing } = (value ?? {}) as { words?: number[]; missing?: string }
        return words?.join() === '1,2' && missing === 'invocation-not-found'
      }),
      ...universe.told.flatMap(({ key }) =>
        key.startsWith('dozed ') ? [`${key}, though it was cancelled long before`] : [],
      ),
    ],
  }
}
