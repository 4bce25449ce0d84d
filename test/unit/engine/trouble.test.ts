import { expect, it } from 'vitest'
import { Trouble, type TroubleOptions } from './trouble.ts'
import { until } from './world.ts'

const longMs = 100_000_000
const shortMs = 120_000

const little = { paceMs: 2_000, errors: 0.03, deaths: 0.002, retentionMs: longMs }
const much = { paceMs: 300, errors: 0.1, deaths: 0.01, retentionMs: longMs }
const deaths = { paceMs: 600, errors: 0, deaths: 0.02, retentionMs: shortMs }
const errors = { paceMs: 300, errors: 0.2, deaths: 0, retentionMs: shortMs }

const stories: readonly (readonly [string, number, TroubleOptions])[] = [
  ['a little trouble', 245, little],
  ['a little more trouble', 380, little],
  ['much trouble', 506, much],
  ['even more trouble', 611, much],
  ['deaths', 3, deaths],
  ['errors', 468, errors],
]

it.each(stories)(
  '%s: all that was acknowledged ends, once, and no permit is lost (seed %i)',
  async (_what, seed, options) => {
    const trouble = new Trouble(seed, options)
    const { clock } = trouble.world
    await trouble.begin()
    await trouble.last(60_000)
    await trouble.calm()
    const open = () => trouble.promised().filter((id) => trouble.outputsOf(id).length === 0)
    await until(clock, () => open().length === 0, 150_000, 1_000).catch(() => undefined)
    expect(open()).toEqual([])
    const outputs = trouble.promised().flatMap((id) => trouble.outputsOf(id))
    expect(new Set(outputs)).toEqual(new Set([1]))
    for (const replica of trouble.replicas) expect(await trouble.runsAll(replica)).toBe(true)
  },
  30_000,
)
