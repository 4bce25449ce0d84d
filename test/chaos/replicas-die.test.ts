import './settings.ts'
import { describe, expect, it } from 'vitest'
import type { Death } from './crash-plan.ts'
import { dieIn, moments, playCalmly } from './deaths.ts'
import { stories } from './stories/stories.ts'

/** A replica dies everywhere; it stalls in this many moments. */
const most: Readonly<Partial<Record<Death, number>>> = { stalls: 20 }
const mostOfLong: typeof most = { stalls: 3 }

describe.each(stories)('$name', (story) => {
  it.each<Death>(['dies', 'stalls'])(
    'comes to the same end when a replica %s, wherever it is',
    async (death) => {
      const calm = await playCalmly(story)
      const count = calm.points.replica.length
      expect(count).toBeGreaterThan(0)
      for (const index of moments(count, (story.isLong ? mostOfLong : most)[death])) {
        const plan = await dieIn(calm, [{ where: 'replica', index, death }])
        expect(plan.struck).toBe(1)
      }
    },
  )
})
