import './settings.ts'
import { describe, expect, it } from 'vitest'
import type { Death } from './crash-plan.ts'
import { dieIn, moments, playCalmly } from './deaths.ts'
import { stories } from './stories/stories.ts'

/** In how many moments of a story a replica dies, at most; those are evenly spread. */
const most: Readonly<Partial<Record<Death, number>>> = { dies: 52, stalls: 20 }

describe.each(stories)('$name', (story) => {
  it.each<Death>(['dies', 'stalls'])(
    'comes to the same end when a replica %s, wherever it is',
    async (death) => {
      const calm = await playCalmly(story)
      const count = calm.points.replica.length
      expect(count).toBeGreaterThan(0)
      for (const index of moments(count, story.isLong ? 3 : (most[death] ?? 0))) {
        const plan = await dieIn(calm, [{ where: 'replica', index, death }])
        expect(plan.struck).toBe(1)
      }
    },
  )
})
