import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { Chance } from '../chance.ts'
import type { Slog } from '../control-handlers.ts'
import { gaveBy, type Story, submit } from '../story.ts'

/**
 * Work that takes longer than those who look after it live: where no function dies, no step is done twice, whoever comes and
 * goes. `dice` would tell.
 */
export function slogs(chance: Chance, mostMs: number): Story {
  const restsMs = chance.times(chance.between(2, 5), () => [
    chance.between(7_000, 24_000),
    chance.between(7_000, 24_000),
  ])
  return toils('slogs', restsMs, chance, mostMs)
}

/**
 * Together longer than an attempt may last, and each step shorter than what it keeps free at its end: where nothing goes
 * wrong, none is done twice.
 */
export function marches(chance: Chance, mostMs: number): Story {
  const restsMs = chance.times(2, () => chance.times(18, () => chance.between(3_500, 5_500)))
  return toils('marches', restsMs, chance, mostMs)
}

function toils(
  name: string,
  rests: readonly (readonly number[])[],
  chance: Chance,
  mostMs: number,
): Story {
  const all: (Slog & { id: InvocationId | undefined })[] = rests.map((restsMs, index) => ({
    path: `${name} ${index}`,
    restsMs,
    id: undefined,
  }))
  return {
    name,
    acts: all.map((one) => ({
      at: chance.below(mostMs),
      what: `submits ${one.path}`,
      play: async (stage) => {
        const { path, restsMs } = one
        const target = { service: 'slog', handler: 'toil' }
        one.id = await submit(stage, { target, input: { path, restsMs }, key: path })
        return one.id !== undefined
      },
    })),
    violations: (universe) =>
      all.flatMap(({ path, restsMs, id }) =>
        id === undefined || gaveBy(universe, id) === restsMs.length
          ? []
          : [`${path} did not do its work`],
      ),
  }
}
