import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { Chance } from '../chance.ts'
import { gaveBy, type Stage, type Story, submit } from '../story.ts'

/** Somebody is asked, shows signs of life for a while, and then answers or falls silent. */
export function holders(chance: Chance, mostMs: number): Story {
  const answers = chance.happens(0.6)
  const answersAfterMs = chance.below(12_000)
  let id: InvocationId | undefined
  let heardAt: number | undefined
  /** Whether the answer was taken, and by whom it is not known to have been refused. */
  let taken: 'surely' | 'perhaps' | 'no' = 'no'
  let beatAt = 0

  async function live(stage: Stage): Promise<void> {
    const asked = stage.universe.told.find(({ key }) => key === 'hold h')?.body as
      | { readonly held: string }
      | undefined
    if (asked === undefined || taken === 'surely') return
    heardAt ??= stage.now()
    const since = stage.now() - heardAt
    if (since < answersAfterMs) {
      if (stage.now() - beatAt < 1_000) return
      beatAt = stage.now()
      await stage.ask(({ ingress }) => ingress.heartbeat(asked.held))
    } else if (answers) {
      const outcome = { kind: 'value', value: { json: 7 } } as const
      const wasAsked = taken === 'perhaps'
      taken = 'perhaps'
      const answer = await stage.ask(({ ingress }) =>
        ingress.completeAwakeable(asked.held, outcome, 'one key'),
      )
      if (answer !== undefined && 'value' in answer) taken = 'surely'
      else if (answer?.code === 'awakeable-completed') taken = wasAsked ? 'perhaps' : 'no'
    }
  }

  return {
    name: 'holders',
    acts: [
      {
        at: chance.below(mostMs),
        what: 'submits a holder',
        play: async (stage) => {
          const target = { service: 'holder', handler: 'hold' }
          id = await submit(stage, { target, input: 'h', key: 'holder' })
          return id !== undefined
        },
      },
    ],
    tick: live,
    violations(universe) {
      if (id === undefined) return []
      const value = gaveBy(universe, id)
      if (taken === 'surely' && value !== 7) return [`the answer was taken, and it had ${value}`]
      if (!answers && value !== 'silent') return [`nobody answered, and it had ${value}`]
      return value === 7 || value === 'silent' ? [] : [`the holder had ${value}`]
    },
  }
}
