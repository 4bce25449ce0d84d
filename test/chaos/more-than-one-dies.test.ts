import './settings.ts'
import { describe, expect, it } from 'vitest'
import type { Strike } from './crash-plan.ts'
import { dieIn, moments, playCalmly } from './deaths.ts'
import { stories } from './stories/stories.ts'

/** In how many moments the first one dies, at most. */
const most = 10

describe.each(stories)('$name', (story) => {
  /** The second follows at another distance each time: at once, and up to what is done meanwhile. */
  const distance = (turn: number): number => 1 + ((turn * 7) % 23)

  it('comes to the same end when one replica dies, and then the one that took over', async () => {
    const calm = await playCalmly(story)
    let both = 0
    for (const [turn, index] of moments(
      calm.points.replica.length,
      story.isLong ? 2 : most,
    ).entries()) {
      const plan = await dieIn(calm, [
        { where: 'replica', index },
        { where: 'replica', index: index + distance(turn) },
      ])
      if (plan.struck === 2) both += 1
    }
    expect(both).toBeGreaterThan(0)
  })

  it('comes to the same end when functions and replicas die', async () => {
    const calm = await playCalmly(story)
    const { function: functions, replica: replicas } = calm.points
    let both = 0
    for (const [turn, index] of moments(functions.length, story.isLong ? 2 : most).entries()) {
      const at = Math.floor((index / functions.length) * replicas.length)
      const strikes: readonly Strike[] = [
        { where: 'function', index, death: turn % 2 === 0 ? 'told' : 'unheard' },
        { where: 'function', index: index + distance(turn) },
        { where: 'replica', index: at + (turn % 5) },
      ]
      const plan = await dieIn(calm, strikes)
      if (plan.struck > 1) both += 1
    }
    expect(both).toBeGreaterThan(0)
  })
})
