import type { Chance } from '../chance.ts'
import type { Act, Story } from '../story.ts'

/**
 * People who ask once, without a key, whatever comes of it: nobody asks again for what got lost. What was begun must be
 * done, so it must have been on somebody's agenda (traces 2, 16). That it ends, others see to.
 */
export function onces(chance: Chance, mostMs: number): Story {
  return { name: 'onces', acts: steps(chance, chance.between(3, 15), mostMs), violations: () => [] }
}

/** So many that there is always an entry on its way to the agenda. */
export function manyOnces(chance: Chance, mostMs: number): Story {
  const count = chance.between(80, 150)
  return { name: 'onces', acts: steps(chance, count, mostMs + 15_000), violations: () => [] }
}

function steps(chance: Chance, count: number, mostMs: number): readonly Act[] {
  return chance.times(
    count,
    (index): Act => ({
      at: chance.below(mostMs),
      what: `submits step ${index}, once`,
      play: async (stage) => {
        await stage.ask(({ ingress }) =>
          ingress.submit({
            target: { service: 'shy', handler: 'step' },
            input: { json: `step ${index}` },
            headers: {},
            idempotencyKey: undefined,
            delayMs: undefined,
          }),
        )
        return true
      },
    }),
  )
}
