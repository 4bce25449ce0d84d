import { afterEach, describe, expect, it, vi } from 'vitest'
import { CrashPlan, type CrashPoint } from './crash-plan.ts'
import { Outside } from './outside.ts'
import { Stage } from './stage.ts'
import { orders } from './stories/orders.ts'
import type { Story } from './stories/story.ts'

const stories: readonly Story[] = [orders]

type Played = { readonly outputs: unknown; readonly effects: unknown; readonly mistakes: unknown }

async function play(story: Story, plan: CrashPlan): Promise<Played> {
  const outside = new Outside(story.outside)
  vi.stubGlobal('fetch', outside.fetch)
  const stage = await Stage.open({ ...story, outside, plan })
  try {
    const outputs = await story.play(stage)
    return { outputs, effects: outside.effects, mistakes: outside.mistakes }
  } finally {
    await stage.close()
  }
}

afterEach(() => {
  vi.unstubAllGlobals()
})

describe.each(stories)('$name', (story) => {
  it('plays the same again', async () => {
    const once = new CrashPlan()
    const again = new CrashPlan()
    expect(await play(story, once)).toEqual(await play(story, again))
    expect(again.count('function')).toBe(once.count('function'))
  })

  it.each<CrashPoint['where']>(['function', 'replica'])(
    'comes to the same end when a %s dies, wherever it dies',
    async (where) => {
      const calm = new CrashPlan()
      const expected = await play(story, calm)
      const points = calm.seen.filter((point) => point.where === where)
      expect(points.length).toBeGreaterThan(0)
      for (const [index, { name }] of points.entries()) {
        const plan = new CrashPlan({ where, index })
        const played = await play(story, plan).catch((error: unknown) => ({ error }))
        expect(played, `a ${where} died: ${index}, ${name}`).toEqual(expected)
        expect(plan.hasStruck).toBe(true)
      }
    },
    180_000,
  )
})
