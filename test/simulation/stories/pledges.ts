import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { Chance } from '../chance.ts'
import { type Act, gaveBy, type Story, submit } from '../story.ts'

/**
 * One waits for a promise, and another one completes it, once, at about the same time: whoever comes second must see the
 * first. Nobody completes it again, so nobody wakes by chance who was overlooked.
 */
export function pledges(chance: Chance, mostMs: number): Story {
  const all: { readonly key: string; id: InvocationId | undefined }[] = chance.times(
    chance.between(8, 16),
    (index) => ({ key: `p${index}`, id: undefined }),
  )
  return {
    name: 'pledges',
    acts: all.flatMap((one): Act[] => {
      const at = chance.below(mostMs)
      const target = { service: 'pledge', key: one.key }
      return [
        {
          at,
          what: `waits for ${one.key}`,
          play: async (stage) => {
            const run = { ...target, handler: 'run' }
            one.id = await submit(stage, { target: run, input: null, key: `pledge ${one.key}` })
            return one.id !== undefined
          },
        },
        {
          at: at + chance.below(3_000),
          what: `keeps ${one.key}`,
          play: async (stage) => {
            const keep = { ...target, handler: 'keep' }
            const id = await submit(stage, { target: keep, input: 7, key: `keep ${one.key}` })
            return id !== undefined
          },
        },
      ]
    }),
    violations: (universe) =>
      all.flatMap(({ key, id }) => {
        const gave = id === undefined ? 7 : gaveBy(universe, id)
        return gave === 7 ? [] : [`who waited for ${key} had ${gave}`]
      }),
  }
}
