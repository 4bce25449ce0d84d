import { expect } from 'vitest'
import { CrashPlan, type CrashPoint, type Strike } from './crash-plan.ts'
import { type Played, type PlayOptions, play } from './play.ts'
import type { Story } from './stories/story.ts'

/** A story, undisturbed: what each other run of it is held against. */
export type Calm = {
  readonly story: Story
  readonly played: Played
  /** What happened, by where. */
  readonly points: Readonly<Record<CrashPoint['where'], readonly CrashPoint[]>>
}

export async function playCalmly(story: Story): Promise<Calm> {
  const plan = new CrashPlan()
  const played = await play(story, plan)
  const at = (where: CrashPoint['where']) => plan.seen.filter((point) => point.where === where)
  return { story, played, points: { function: at('function'), replica: at('replica') } }
}

/** The indexes of `count` moments: all of them, or at most `most`, as evenly spread as whole numbers are. */
export function moments(count: number, most = count): readonly number[] {
  const stride = Math.max(1, count / most)
  return Array.from({ length: Math.min(count, most) }, (_, index) => Math.floor(index * stride))
}

/** Plays a story in which somebody dies. It comes to the same end. */
export async function dieIn(
  calm: Calm,
  strikes: readonly Strike[],
  options?: PlayOptions,
): Promise<CrashPlan> {
  const plan = new CrashPlan(...strikes)
  const played = await play(calm.story, plan, options).catch((error: unknown) => ({ error }))
  expect(played, strikes.map((strike) => told(calm, strike)).join(', then ')).toEqual(calm.played)
  return plan
}

function told({ points }: Calm, { where, index, death = 'dies' }: Strike): string {
  return `a ${where} ${death} at ${index}: ${points[where][index]?.name ?? 'later'}`
}
