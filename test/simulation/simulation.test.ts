import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { finds, scenarioVersion } from './regressions.ts'
import { commandOf } from './shrink.ts'
import { simulate } from './simulate.ts'
import { Summary } from './summary.ts'
import { playAll } from './swarm.ts'

const within = 580_000

describe('the simulation', () => {
  it(
    'finds nothing wrong in 300 seeds, in which everything goes wrong that can',
    async () => {
      const summary = new Summary()
      const onPlayed = summary.add.bind(summary)
      await playAll({ from: 1, seeds: 300, workers: availableParallelism(), onPlayed })
      const found = summary.failed.map(({ seed, violations }) => [
        commandOf({ seed }),
        ...violations,
      ])
      expect(found).toEqual([])
      expect(summary.seeds).toBe(300)
      expect(summary.neverStruck()).toEqual([])
    },
    within,
  )

  it(
    'plays a seed the same way each time',
    async () => {
      for (let seed = 10_000; seed < 10_012; seed++) {
        const [once, again] = [await simulate({ seed }), await simulate({ seed })]
        expect([seed, again.hash]).toEqual([seed, once.hash])
      }
    },
    within,
  )

  const current = finds.filter(({ version }) => version === scenarioVersion)
  it.each(current)('seed $seed: $found', async ({ seed }) => {
    const { violations } = await simulate({ seed })
    expect(violations).toEqual([])
  })

  const shown = finds.flatMap((find) => ('shownBy' in find ? [find] : []))
  it.each(shown)('$found: has a test of its own', ({ shownBy: { file, title } }) => {
    const source = readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), 'utf8')
    expect(source).toContain(`'${title}'`)
  })
})
