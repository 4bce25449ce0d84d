import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { Chance } from '../chance.ts'
import { gaveBy, type Story, submit } from '../story.ts'

/** Many wait for one object, each for its own turn: each is told what came of it (trace 15). */
export function errands(chance: Chance, mostMs: number): Story {
  return errandsOf(chance, mostMs, 0)
}

/** Each takes a while, so that there is a line. */
export function slowErrands(chance: Chance, mostMs: number): Story {
  return errandsOf(chance, mostMs, 300)
}

function errandsOf(chance: Chance, mostMs: number, waitMs: number): Story {
  const all: { id: InvocationId | undefined }[] = chance.times(chance.between(8, 14), () => ({
    id: undefined,
  }))
  return {
    name: 'errands',
    acts: all.map((one, index) => ({
      at: chance.below(mostMs),
      what: `sends errand ${index}`,
      play: async (stage) => {
        const target = { service: 'errand', handler: 'run' }
        one.id = await submit(stage, { target, input: waitMs, key: `errand ${index}` })
        return one.id !== undefined
      },
    })),
    violations(universe) {
      const gave = all.flatMap(({ id }) =>
        id === undefined ? [] : [JSON.stringify(gaveBy(universe, id))],
      )
      const wanted = new Set(gave.map((_, n) => JSON.stringify({ sum: n, count: n })))
      const isRight = gave.every((one) => wanted.delete(one))
      return isRight ? [] : [`INV-7: the errands had ${gave.toSorted().join()}`]
    },
  }
}
