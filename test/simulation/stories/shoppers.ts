import type { Chance } from '../chance.ts'
import { type Act, outcomeOf, type Story, submit } from '../story.ts'
import { type Asked, asking, wrong } from './asked.ts'

type Sums = { readonly sum: number; readonly count: number }
const key = 's'

/** Whoever was told that a change is made, a handler or somebody outside, finds it made (INV-7). */
export function shoppers(chance: Chance, mostMs: number): Story {
  const inside = chance.times(
    chance.between(1, 4),
    (n): Asked => ({
      ...{ name: `shopper ${n}`, target: { service: 'shopper', handler: 'shop' } },
      ...{ input: chance.one([0, 200]), at: chance.below(mostMs), id: undefined },
    }),
  )
  const outside = chance.times(chance.between(1, 3), (n) => buyer(n, chance.below(mostMs)))
  return {
    name: 'shoppers',
    acts: [...inside.map(asking), ...outside.map(({ act }) => act)],
    violations: (universe) => [
      ...wrong(universe, inside, (value) => {
        const { had, seen } = (value ?? {}) as { had?: number; seen?: number }
        return had !== undefined && seen !== undefined && seen > had
      }),
      ...outside.flatMap(({ add, read }) => {
        const [had, seen] = [add.id, read.id].map((id) => {
          const outcome = id === undefined ? undefined : outcomeOf(universe, id)
          return outcome?.kind === 'value' && 'json' in outcome.value
            ? (outcome.value.json as Sums).count
            : undefined
        })
        const isRight = had === undefined || seen === undefined || seen > had
        return isRight ? [] : [`INV-7: ${add.id} found ${had}, and who saw it done ${seen}`]
      }),
    ],
  }
}

/** Adds, waits until he is told what came of it, and looks. */
function buyer(n: number, at: number) {
  const one = { service: 'till', key }
  const add: Asked = {
    ...{ name: `buyer ${n}`, target: { ...one, handler: 'add' } },
    ...{ input: { by: 1, waitMs: 0 }, at, id: undefined },
  }
  const read: Asked = { ...add, name: `buyer ${n} looks`, target: { ...one, handler: 'read' } }
  const act: Act = {
    at,
    what: `adds as buyer ${n}, and looks`,
    play: async (stage) => {
      const { target, input, name } = add
      add.id ??= await submit(stage, { target, input, key: name })
      const { id } = add
      if (id === undefined) return false
      const told = await stage.ask(({ ingress }) => ingress.output(id))
      if (told === undefined || !('value' in told) || told.value === undefined) return false
      read.id = await submit(stage, { target: read.target, input: null, key: read.name })
      return read.id !== undefined
    },
  }
  return { add, read, act }
}
