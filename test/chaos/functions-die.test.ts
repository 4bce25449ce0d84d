import './settings.ts'
import { describe, expect, it } from 'vitest'
import type { Death } from './crash-plan.ts'
import { dieIn, moments, playCalmly } from './deaths.ts'
import { stories } from './stories/stories.ts'

/** In how many moments of a story a function dies, at most. */
const most: Readonly<Partial<Record<Death, number>>> = { told: 60, unheard: 20, 'lives-on': 20 }

describe.each(stories)('$name', (story) => {
  it('ends as ever, and leaves nothing open', async () => {
    const { played } = await playCalmly(story)
    expect(played).toMatchObject({ mistakes: [], left: [] })
    expect((await playCalmly(story)).played).toEqual(played)
  })

  it.each<Death>(['told', 'unheard', 'lives-on'])(
    'comes to the same end when a function dies (%s), wherever it dies',
    async (death) => {
      const calm = await playCalmly(story)
      const count = calm.points.function.length
      expect(count).toBeGreaterThan(0)
      for (const index of moments(count, story.isLong ? 4 : (most[death] ?? 0))) {
        const plan = await dieIn(calm, [{ where: 'function', index, death }])
        expect(plan.struck).toBe(1)
      }
    },
  )
})
