import type { Chance } from '../chance.ts'
import { type Story, stateOf } from '../story.ts'
import { mostSkewMs } from '../times.ts'
import type { Universe } from '../universe.ts'
import { type Asked, asking, wrong } from './asked.ts'

/** Some are to line up for a key later: each when its time has come, and once. */
export function latecomers(chance: Chance, mostMs: number): Story {
  const target = { service: 'till', key: 'l', handler: 'add' }
  const all = chance.times(chance.between(3, 7), (n): Asked => {
    const delayMs = chance.one([0, 1_000, 4_000, 12_000])
    return {
      ...{ name: `latecomer ${n}`, target, input: { by: 1, waitMs: 0 }, id: undefined },
      ...{ at: chance.below(mostMs), delayMs },
    }
  })
  return {
    name: 'latecomers',
    acts: all.map(asking),
    violations(universe) {
      const wanted = new Set(all.map((_, n) => JSON.stringify({ sum: n, count: n })))
      return [
        ...wrong(universe, all, (value) => wanted.delete(JSON.stringify(value))),
        ...all.flatMap((one) => earlyViolations(universe, one)),
      ]
    },
  }
}

function earlyViolations(
  universe: Universe,
  { name, at, delayMs = 0, id }: Asked,
): readonly string[] {
  const begun = universe.stored
    .get(id ?? ('' as NonNullable<typeof id>))
    ?.find(({ entries }) => entries.some(({ kind }) => kind === 'attempt'))
  if (id === undefined || begun === undefined || stateOf(universe, id) === undefined) return []
  const startedAt = universe.world.clock.now() - universe.now()
  const slackMs = universe.clocksAgree ? 0 : 2 * mostSkewMs
  const earlyMs = startedAt + at + delayMs - slackMs - begun.at
  return earlyMs > 0 ? [`${name} began ${earlyMs} ms early`] : []
}
