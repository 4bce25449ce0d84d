import type { Chance } from '../chance.ts'
import { journalsOf, type Story } from '../story.ts'
import { mostSkewMs } from '../times.ts'
import type { Universe } from '../universe.ts'

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
        at: begin + chance.between(10_000, 60_000),
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
      const ticks = ticksOf(universe)
      const found: string[] = []
      if (new Set(ticks).size !== ticks.length) found.push(`a tick came twice: ${ticks}`)
      for (const tick of ticks) if (tick % everyMs !== 0) found.push(`there is no tick ${tick}`)
      const isFull = catchUp === 'all' && from !== undefined && to !== undefined
      const missing = isFull ? missingOf(ticks, from ?? 0, to ?? 0) : []
      found.push(...missing.map((tick) => `the tick ${tick} did not come`))
      return [...found, ...lateViolations(universe)]
    },
  }
}

function ticksOf(universe: Universe): readonly number[] {
  const entries = journalsOf(universe, 'clockwork').flatMap(({ segments }) =>
    segments.flatMap((segment) => segment.entries),
  )
  return entries.flatMap((entry) =>
    entry.kind === 'created' && entry.origin.kind === 'schedule' ? [entry.origin.tick] : [],
  )
}

/** Before anything goes wrong, a tick comes when it is due: nobody has to find it by chance later. */
function lateViolations(universe: Universe): readonly string[] {
  const startedAt = universe.world.clock.now() - universe.now()
  const [fault] = universe.faults.struck
  const quietUntil = fault === undefined ? Number.POSITIVE_INFINITY : startedAt + fault.at
  return journalsOf(universe, 'clockwork').flatMap(({ segments }) => {
    const [first] = segments
    const [created] = first?.entries ?? []
    if (first === undefined || created?.kind !== 'created') return []
    const tick = created.origin.kind === 'schedule' ? created.origin.tick : 0
    const isLate = first.at > tick + promptMs && tick + promptMs < quietUntil
    return isLate ? [`the tick ${tick} came ${first.at - tick} ms late`] : []
  })
}

/** Clocks may differ as far as they do, and then it takes a moment. */
const promptMs = 2 * mostSkewMs + 2_000

/** Those that must have come; one that was not made before the schedule went is made no more. */
function missingOf(ticks: readonly number[], from: number, to: number): readonly number[] {
  const missing: number[] = []
  const first = Math.ceil((from + mostSkewMs) / everyMs) * everyMs
  for (let tick = first; tick < to - 2 * mostSkewMs - watchMs; tick += everyMs) {
    if (!ticks.includes(tick)) missing.push(tick)
  }
  return missing
}

/** Within this time somebody else looks at what a dead replica has left. */
const watchMs = 15_000
