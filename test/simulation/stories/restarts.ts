import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { Chance } from '../chance.ts'
import { outcomeOf, type Story, submit } from '../story.ts'

/** What has ended is done again from the middle: what is kept does not happen again, the rest does, once. */
export function restarts(chance: Chance, mostMs: number): Story {
  let first: InvocationId | undefined
  let again: InvocationId | undefined
  const from = chance.below(4)
  return {
    name: 'restarts',
    acts: [
      {
        at: chance.below(mostMs),
        what: 'submits stages',
        play: async (stage) => {
          const target = { service: 'stages', handler: 'go' }
          first = await submit(stage, { target, input: null, key: 'stages' })
          return first !== undefined
        },
      },
      {
        at: chance.below(mostMs),
        what: `restarts stages from ${from}`,
        play: async ({ ask, universe }) => {
          const id = first
          if (id === undefined || outcomeOf(universe, id) === undefined) return false
          const answer = await ask(({ admin }) =>
            admin.restart(id, { from, idempotencyKey: 'again' }),
          )
          if (answer === undefined || !('value' in answer)) return false
          again = answer.value.invocationId
          return true
        },
      },
    ],
    violations({ told }) {
      const stagesOf = (id: InvocationId): string =>
        told
          .flatMap(({ key }) => (key.startsWith(`stage ${id} `) ? [key.slice(-1)] : []))
          .toSorted()
          .join('')
      const found: string[] = []
      if (first !== undefined && stagesOf(first) !== '0123') {
        found.push(`INV-5: the stages were ${stagesOf(first)}`)
      }
      const wanted = '0123'.slice(from)
      if (again !== undefined && stagesOf(again) !== wanted) {
        found.push(`INV-5: restarted from ${from}, the stages were ${stagesOf(again)}`)
      }
      return found
    },
  }
}
