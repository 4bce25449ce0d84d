import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { Chance } from '../chance.ts'
import { type Act, outcomeOf, type Stage, type Story, stateOf, submit } from '../story.ts'

type Shy = { readonly path: string; id: InvocationId | undefined; isAgain: boolean }

/**
 * People who call once those that wait, whatever comes of it. A call that was taken must be heard, so whoever it is for
 * must have been on somebody's agenda (traces 1, 16).
 */
export function shies(chance: Chance, mostMs: number): Story {
  const waiting: Shy[] = chance.times(chance.between(2, 8), (index) => ({
    path: `shy ${index}`,
    id: undefined,
    isAgain: false,
  }))
  const waits = waiting.map(
    (one): Act => ({
      at: chance.below(mostMs / 2),
      what: `submits ${one.path}`,
      play: async (stage) => {
        const target = { service: 'shy', handler: 'wait' }
        one.id = await submit(stage, { target, input: one.path, key: one.path })
        return one.id !== undefined
      },
    }),
  )
  const nudges = waiting.map(
    (one): Act => ({
      at: mostMs / 2 + chance.below(mostMs),
      what: `says "go" to ${one.path}, once`,
      play: async (stage) => {
        if (one.id === undefined) return false
        await say(stage, one.id, 'once')
        return true
      },
    }),
  )
  return {
    name: 'shies',
    acts: [...waits, ...nudges],
    tick: async (stage) => {
      await Promise.all(waiting.map((one) => release(stage, one)))
    },
    violations: (universe) =>
      waiting.flatMap(({ path, id, isAgain }) => {
        const outcome = id === undefined ? undefined : outcomeOf(universe, id)
        if (outcome === undefined || isAgain || outcome.kind === 'value') return []
        return [`${path} had ${JSON.stringify(outcome)}`]
      }),
  }
}

async function say({ ask }: Stage, id: InvocationId, what: 'once' | 'again'): Promise<void> {
  const signal = { name: 'go', value: { json: what }, signalId: what }
  await ask(({ ingress }) => ingress.signal(id, signal))
}

/** Whose call got lost, and who waits as if there had been none, is called again when all is calm. */
async function release(stage: Stage, one: Shy): Promise<void> {
  const { universe } = stage
  if (!universe.isCalm || one.id === undefined) return
  const state = stateOf(universe, one.id)
  if (state?.phase.kind !== 'suspended') return
  one.isAgain = true
  await say(stage, one.id, 'again')
}
