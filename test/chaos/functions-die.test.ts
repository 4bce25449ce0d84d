import './settings.ts'
import { describe, expect, it } from 'vitest'
import { CrashPlan, type Death } from './crash-plan.ts'
import { dieIn, moments, playCalmly } from './deaths.ts'
import { type Effect, Outside } from './outside.ts'
import { play } from './play.ts'
import { ends } from './stories/ends.ts'
import { stories } from './stories/stories.ts'

/** A function of which its platform says that it has died does so everywhere; in the other ways, in this many moments. */
const most: Readonly<Partial<Record<Death, number>>> = { unheard: 16, 'lives-on': 16 }
const mostOfLong: typeof most = { unheard: 3, 'lives-on': 3 }
const mostTwins = 7

describe.each(stories)('$name', (story) => {
  it('ends as it should, each time, and leaves nothing open', async () => {
    const outside = new Outside(story.outside)
    const played = await play(story, new CrashPlan(), { outside })
    expect({ outputs: played.outputs, done: timesOf(outside.effects) }).toEqual(ends[story.name])
    expect(played).toMatchObject({ mistakes: [], left: [] })
    expect(await play(story, new CrashPlan())).toEqual(played)
  })

  it.each<Death>(['told', 'unheard', 'lives-on'])(
    'comes to the same end when a function dies (%s), wherever it dies',
    async (death) => {
      const calm = await playCalmly(story)
      const count = calm.points.function.length
      expect(count).toBeGreaterThan(0)
      for (const index of moments(count, (story.isLong ? mostOfLong : most)[death])) {
        const plan = await dieIn(calm, [{ where: 'function', index, death }])
        expect(plan.struck).toBe(1)
      }
    },
  )

  it('comes to the same end when every invocation is delivered twice, and one of the two dies', async () => {
    const calm = await playCalmly(story)
    await dieIn(calm, [], { twins: true })
    const count = 2 * calm.points.function.length
    for (const index of moments(count, story.isLong ? 1 : mostTwins)) {
      await dieIn(calm, [{ where: 'function', index }], { twins: true })
    }
  })
})

function timesOf(effects: readonly Effect[]): Readonly<Record<string, number>> {
  const times: Record<string, number> = {}
  for (const { path } of effects) times[path] = (times[path] ?? 0) + 1
  return times
}
