import { availableParallelism } from 'node:os'
import { describe, expect, it } from 'vitest'
import { regressions } from './regressions.ts'
import { commandOf } from './shrink.ts'
import { simulate } from './simulate.ts'
import { Summary } from './summary.ts'
import { playAll } from './swarm.ts'

const within = 580_000

describe('the simulation', () => {
  it(
    'finds nothing wrong in 300 seeds',
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

  it.each(regressions)('seed $seed: $found', async ({ seed }) => {
    const { violations } = await simulate({ seed })
    expect(violations).toEqual([])
  })
})
