import { keepBefore } from '@fermata/orchestrator/domain/invocation/keep'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { conduct, outsideOf } from './support/conductor.ts'
import { durablePrograms, programOf, programs, type Statement } from './support/random-program.ts'
import { invocation, Stage } from './support/stage.ts'

/** They compute a lot, and share the machine with the other tests. */
const patience = { timeout: 60_000 }

describe('random handlers that are restarted', () => {
  it.each([
    ['', durablePrograms, undefined],
    [', whatever they wait for that is not durable', programs, undefined],
    [', and had been cancelled', programs, 2_500],
  ])('replay what is kept of them, and come to an end%s', patience, async (_, blocks, cancels) => {
    const cancelAfter = cancels === undefined ? fc.constant(undefined) : fc.nat(cancels)
    await fc.assert(
      fc.asyncProperty(
        blocks,
        fc.nat(),
        fc.nat({ max: 12 }),
        cancelAfter,
        async (block, seed, from, cancelAfterMs) => {
          const first = stageOf(block)
          await conduct(first, outsideOf(seed), { cancelAfterMs })
          const again = restarted(block, first, from)
          const output = await conduct(again, outsideOf(seed + 1))
          expect(output.kind).toBe('value')
        },
      ),
      { numRuns: 50 },
    )
  })
})

function stageOf(block: readonly Statement[]): Stage {
  const stage: Stage = new Stage(programOf(block, () => stage.world))
  return stage
}

/** Another invocation that begins with what `first` did before op `from`. */
function restarted(block: readonly Statement[], first: Stage, from: number): Stage {
  const { segments } = first.journal
  const [created] = segments[0]?.entries ?? []
  if (created?.kind !== 'created') throw new Error('Every journal begins with `created`')
  const stage = stageOf(block)
  const { journal, world } = stage
  journal.segments.splice(0)
  world.skipTo(first.world.now)
  for (const entries of keepBefore(segments, new Set(), from).segments) {
    journal.news(world.now, ...entries)
  }
  const kept = { seed: invocation, at: segments[0]?.at ?? 0 }
  journal.news(world.now, { ...created, restartOf: { invocation, kept } })
  return stage
}
