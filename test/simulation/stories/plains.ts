import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { Chance } from '../chance.ts'
import { gaveBy, type Story, submit } from '../story.ts'

/** Steps, one after the other. Where nothing is wrong, n steps are n + 1 writes (a segment each; INV-3 costs no more). */
export function plains(chance: Chance, mostMs: number): Story {
  const all: { readonly steps: number; id: InvocationId | undefined }[] = chance.times(
    chance.between(1, 2),
    () => ({ steps: chance.between(1, 10), id: undefined }),
  )
  return {
    name: 'plains',
    acts: all.map((one, index) => ({
      at: chance.below(mostMs),
      what: `submits ${one.steps} plain steps`,
      play: async (stage) => {
        const target = { service: 'weaver', handler: 'plain' }
        one.id = await submit(stage, { target, input: one.steps, key: `plain ${index}` })
        return one.id !== undefined
      },
    })),
    violations: (universe) =>
      all.flatMap(({ steps, id }) => {
        if (id === undefined) return []
        const found: string[] = []
        if (gaveBy(universe, id) !== steps) found.push(`${id} did not take its ${steps} steps`)
        const writes = universe.stored.get(id)?.length ?? 0
        if (universe.isUndisturbed && writes > steps + 1) {
          found.push(`${steps} steps cost ${writes} writes, not ${steps + 1}`)
        }
        return found
      }),
  }
}
