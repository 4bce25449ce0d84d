import { vi } from 'vitest'
import { defaultOptions } from '../unit/engine/world.ts'
import type { CrashPlan } from './crash-plan.ts'
import { leftOver, settledMs } from './left-over.ts'
import { Outside } from './outside.ts'
import { Stage } from './stage.ts'
import type { Story } from './stories/story.ts'

/** What two runs of a story must have in common. */
export type Played = {
  readonly outputs: unknown
  readonly effects: unknown
  readonly mistakes: unknown
  readonly left: unknown
}

/** What nobody hears of any more is given up after this. */
const timeoutMs = 15_000
const { policy, times } = defaultOptions([])
/** The output of what was begun last may have to be waited for, given up, and made again. */
const mostRests = 6
/** Fewer shards, and less often: most of a story is waiting, and its time is simulated tick by tick. */
const engine = {
  policy: { ...policy, timeoutMs },
  times: { ...times, watchMs: 4_000 },
  agenda: {
    shards: 2,
    heartbeatMs: 1_000,
    leaseMs: 4_000,
    lookMs: 1_000,
    watchMs: 4_000,
    cursorIdleMs: 1_000,
    tidyMs: 2_000,
  },
}

export type PlayOptions = {
  readonly outside?: Outside
  /** Whatever invokes functions delivers every request twice, and both run. */
  readonly twins?: boolean
}

/** Plays a story to its end, and lets everything come to rest. */
export async function play(
  story: Story,
  plan: CrashPlan,
  { outside = new Outside(story.outside), twins = false }: PlayOptions = {},
): Promise<Played> {
  vi.stubGlobal('fetch', outside.fetch)
  const undo = story.reach?.(outside)
  const options = { ...story, outside, plan, engine, timeoutMs, observes: true }
  const stage = await Stage.open(options)
  if (twins) stage.world.invoker.inject({ kind: 'twin' }, 1_000)
  try {
    const outputs = await story.play(stage)
    const left = await comeToRest(stage)
    const { effects, mistakes } = outside
    return { outputs, effects: story.compared?.(effects) ?? effects, mistakes, left }
  } finally {
    await stage.close()
    undo?.()
    vi.unstubAllGlobals()
  }
}

/** Whoever has died last is missed by then, and what it did is done again. */
async function comeToRest(stage: Stage): Promise<readonly string[]> {
  for (let rests = 1; ; rests++) {
    await stage.rest(settledMs)
    const left = await leftOver(stage.world)
    if (left.length === 0 || rests === mostRests) return left
  }
}
