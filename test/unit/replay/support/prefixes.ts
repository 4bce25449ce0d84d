import { expect } from 'vitest'
import type { Segment } from '../../../../lambda-runtime/src/protocol/index.ts'
import type { Stage } from './stage.ts'

/**
 * Every journal that a crash can leave: each of its prefixes, from the first `attempt` on, and with each the handler
 * gets to the same end as live. `finish` plays the world until the handler has ended; the next attempt fences.
 */
export async function expectSameFromEveryPrefix(
  make: () => Stage,
  journal: readonly Segment[],
  finish: (stage: Stage) => Promise<unknown>,
): Promise<void> {
  const ends: unknown[] = []
  for (let length = 2; length <= journal.length; length += 1) {
    const stage = make().with(journal.slice(0, length))
    const isOver = stage.journal.entries.some(({ kind }) => kind === 'output')
    if (!isOver) {
      if (stage.isRunning) stage.startEpoch()
      await finish(stage)
    }
    ends.push(stage.journal.entries.findLast(({ kind }) => kind === 'output'))
  }
  expect(ends.length).toBeGreaterThan(1)
  expect(ends).toEqual(ends.map(() => journal.at(-1)?.entries.at(-1)))
}
