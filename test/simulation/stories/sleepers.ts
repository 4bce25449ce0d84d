import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { Chance } from '../chance.ts'
import { gaveBy, journalsOf, type Story, submit } from '../story.ts'

/** One that waits for much longer than it is kept, and one that it sent, which is soon over and gone (traces 7, 8). */
export function sleepers(chance: Chance, mostMs: number): Story {
  let id: InvocationId | undefined
  return {
    name: 'sleepers',
    acts: [
      {
        at: chance.below(mostMs),
        what: 'submits a sleeper',
        play: async (stage) => {
          const target = { service: 'sleeper', handler: 'sleep' }
          id = await submit(stage, { target, input: null, key: 'sleeper' })
          return id !== undefined
        },
      },
    ],
    violations(universe) {
      if (id === undefined) return []
      const found: string[] = []
      if (gaveBy(universe, id) !== 'awake') found.push('INV-10: the sleeper did not wake up')
      const naps = journalsOf(universe, 'napper').length
      if (naps !== 1) found.push(`INV-5: the sleeper has sent one, and ${naps} came`)
      return found
    },
  }
}
