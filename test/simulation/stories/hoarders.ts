import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { Chance } from '../chance.ts'
import { type Act, gaveBy, type Story, submit } from '../story.ts'

type Asked = {
  readonly target: { readonly service: string; readonly handler: string; readonly key?: string }
  readonly input: unknown
  readonly wanted: unknown
  id: InvocationId | undefined
}

/** A state of many values, and several large results at once: more than one item of a table holds (trace 14). */
export function hoarders(chance: Chance, mostMs: number): Story {
  const cells = chance.between(60, 70)
  const hoard = { service: 'hoard', key: 'h' }
  const results = chance.between(2, 4)
  const all: Asked[] = [
    {
      target: { ...hoard, handler: 'fill' },
      input: { cells, bytes: 7_000 },
      wanted: cells,
      id: undefined,
    },
    {
      target: { ...hoard, handler: 'count' },
      input: null,
      wanted: cells * 7_000,
      id: undefined,
    },
    {
      target: { service: 'giant', handler: 'think' },
      input: { results, bytes: 200_000 },
      wanted: results * 200_000,
      id: undefined,
    },
  ]
  const at = chance.below(mostMs)
  return {
    name: 'hoarders',
    acts: all.map(
      (one, index): Act => ({
        at,
        what: `asks ${one.target.service}/${one.target.handler}`,
        play: async (stage) => {
          // The state is counted when it is there.
          if (one.target.handler === 'count' && all[0]?.id === undefined) return false
          const { target, input } = one
          one.id = await submit(stage, { target, input, key: `hoard ${index}` })
          return one.id !== undefined
        },
      }),
    ),
    violations: (universe) =>
      all.flatMap(({ id, target, wanted }) => {
        const gave = id === undefined ? wanted : gaveBy(universe, id)
        return gave === wanted ? [] : [`${target.service}/${target.handler} gave ${gave}`]
      }),
  }
}
