import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { Chance } from '../chance.ts'
import { gaveBy, type Story, submit } from '../story.ts'

/** Far more of them wake up at once than may run (trace 10). */
export function crowds(chance: Chance, mostMs: number): Story {
  const wakeInMs = mostMs + chance.between(1_000, 5_000)
  const workMs = chance.between(2_500, 4_000)
  const all: { id: InvocationId | undefined }[] = chance.times(chance.between(30, 40), () => ({
    id: undefined,
  }))
  return {
    name: 'crowds',
    acts: all.map((one, index) => ({
      at: chance.below(mostMs),
      what: `submits ${index} of a crowd`,
      play: async (stage) => {
        const { universe } = stage
        const target = { service: 'crowd', handler: 'toil' }
        const wakeAt = universe.world.clock.now() - universe.now() + wakeInMs
        const input = { wakeAt, workMs }
        one.id = await submit(stage, { target, input, key: `crowd ${index}` })
        return one.id !== undefined
      },
    })),
    violations: (universe) =>
      all.flatMap(({ id }) =>
        id === undefined || gaveBy(universe, id) === workMs ? [] : [`${id} did not do its work`],
      ),
  }
}
