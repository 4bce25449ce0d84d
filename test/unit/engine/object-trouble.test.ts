import { evolveAll } from '@fermata/orchestrator/domain/invocation/evolve'
import { expect, it } from 'vitest'
import { ObjectTrouble, type ObjectTroubleOptions } from './object-trouble.ts'
import { until } from './world.ts'

const little = { paceMs: 2_000, errors: 0.02, deaths: 0.002 }
const much = { paceMs: 400, errors: 0.08, deaths: 0.008 }
const deaths = { paceMs: 600, errors: 0, deaths: 0.02 }
const errors = { paceMs: 400, errors: 0.15, deaths: 0 }

const stories: readonly (readonly [string, number, ObjectTroubleOptions])[] = [
  ['a little trouble', 11, little],
  ['much trouble', 12, much],
  ['even more trouble', 13, much],
  ['deaths', 14, deaths],
  ['errors', 15, errors],
]

/**
 * The model is a list for each key. Who was answered has a place in it; his output says which; and who was answered
 * before another one asked stands before that one.
 */
it.each(stories)(
  '%s: objects are as if their handlers had run one after the other (seed %i)',
  async (_what, seed, options) => {
    const trouble = new ObjectTrouble(seed, options)
    const { clock, journal } = trouble.world
    await trouble.begin()
    await trouble.last(120_000)
    await trouble.calm()
    const outputOf = async (id: (typeof trouble.promised)[number]['id']) => {
      const state = evolveAll(await journal(id))
      return state?.phase.kind === 'closed' ? state.phase.outcome : undefined
    }
    const isOver = async () => {
      for (const { id } of trouble.promised) if ((await outputOf(id)) === undefined) return false
      return true
    }
    await until(clock, isOver, 200_000, 1_000).catch(() => undefined)
    await clock.advance(40_000)
    expect(trouble.promised.length).toBeGreaterThan(3)
    for (const key of ['a', 'b', 'c']) {
      const list = await trouble.listOf(key)
      const mine = trouble.promised.filter((one) => one.key === key)
      expect(new Set(list).size).toBe(list.length)
      const places = mine.map(({ item }) => list.indexOf(item))
      expect(places).toEqual(places.toSorted((a, b) => a - b))
      for (const [index, { id }] of mine.entries()) {
        const value = { json: (places[index] ?? -1) + 1 }
        expect(await outputOf(id)).toEqual({ kind: 'value', value })
      }
    }
  },
  60_000,
)
