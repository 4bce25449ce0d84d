import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { Chance } from '../chance.ts'
import { type Act, gaveBy, type Story, submit } from '../story.ts'

type Backer = { readonly key: string; id: InvocationId | undefined }

/** Several call one workflow at the same time, each to begin it: it begins once, and all are told (trace 5). */
export function backers(chance: Chance, mostMs: number): Story {
  const all: Backer[] = []
  const acts = chance.times(chance.between(3, 8), (index): readonly Act[] => {
    const key = `b${index}`
    const at = chance.below(mostMs)
    const calls = chance.times(chance.between(2, 4), (n): Act => {
      const one: Backer = { key, id: undefined }
      all.push(one)
      return {
        at: at + chance.below(500),
        what: `backs ${key}`,
        play: async (stage) => {
          const target = { service: 'backer', handler: 'back' }
          one.id = await submit(stage, { target, input: key, key: `back ${key} ${n}` })
          return one.id !== undefined
        },
      }
    })
    const keep: Act = {
      at: at + chance.between(1_000, 5_000),
      what: `keeps ${key}`,
      play: async (stage) => {
        const target = { service: 'pledge', key, handler: 'keep' }
        return (await submit(stage, { target, input: 7, key: `keep ${key}` })) !== undefined
      },
    }
    return [...calls, keep]
  })
  return {
    name: 'backers',
    acts: acts.flat(),
    violations: (universe) =>
      all.flatMap(({ key, id }) => {
        const gave = id === undefined ? 7 : gaveBy(universe, id)
        return gave === 7 ? [] : [`a backer of ${key} had ${gave}`]
      }),
  }
}
