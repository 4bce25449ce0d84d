import type { Chance } from '../chance.ts'
import { journalsOf, type Story } from '../story.ts'
import { mostSkewMs } from '../times.ts'

const everyMs = 5_000

/** A schedule that stands for a while: with `all`, each of its ticks, and each once. */
export function clocks(chance: Chance, mostMs: number): Story {
  const catchUp = chance.one<'all' | 'latest' | 'none'>(['all', 'all', 'latest', 'none'])
  const begin = chance.below(mostMs)
  let from: number | undefined
  let to: number | undefined
  const name = 'clock'
  return {
    name: 'clocks',
    acts: [
      {
        at: begin,
        what: `has it tick every ${everyMs} ms, and makes up for ${catchUp}`,
        play: async ({ ask, universe }) => {
          const target = { service: 'clockwork', handler: 'tick' }
          const answer = await ask(({ admin }) =>
            admin.schedules.put(name, {
              ...{ target, catchUp, input: { json: null } },
              timing: { kind: 'every', everyMs },
            }),
          )
          if (answer === undefined || !('value' in answer)) return false
          from = universe.world.clock.now()
          return true
        },
      },
      {
        at: begin + chance.between(10_000, 30_000),
        what: 'takes it away',
        play: async ({ ask, universe }) => {
          if (from === undefined) return false
          to ??= universe.world.clock.now()
          const answer = await ask(({ admin }) => admin.schedules.remove(name))
          if (answer === undefined) return false
          return 'value' in answer || answer.code === 'schedule-not-found'
        },
      },
    ],
    violations(universe) {
      const ticks = journalsOf(universe, 'clockwork').flatMap(({ segments }) =>
        segments.flatMap(({ entries }) =>
          entries.flatMap((entry) =>
            entry.kind === 'created' && entry.origin.kind === 'schedule' ? [entry.origin.tick] : [],
          ),
        ),
      )
      const found: string[] = []
      if (new Set(ticks).size !== ticks.length) found.push(`a tick came twice: ${ticks}`)
      for (const tick of ticks) if (tick % everyMs !== 0) found.push(`there is no tick ${tick}`)
      if (catchUp === 'all' && from !== undefined && to !== undefined) {
        const first = Math.ceil((from + mostSkewMs) / everyMs) * everyMs
        // Removed before one was made, it is made no more.
        for (let tick = first; tick < to - 2 * mostSkewMs - watchMs; tick += everyMs) {
          if (!ticks.includes(tick)) found.push(`the tick ${tick} did not come`)
        }
      }
      return found
    },
  }
}

/** Within this time somebody else looks at what a dead replica has left. */
const watchMs = 15_000
