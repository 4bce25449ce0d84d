import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Entry, Outcome, Segment } from '../../../lambda-runtime/src/protocol/index.ts'
import { encodeValue } from '../../../lambda-runtime/src/values.ts'
import { conduct, outsideOf } from './support/conductor.ts'
import {
  durablePrograms,
  programOf,
  programs,
  readers,
  type Start,
  type Statement,
} from './support/random-program.ts'
import { cell, completed, type KeyedProgram, keyedStage, Stage } from './support/stage.ts'

const runs = 25
/** After how many ms of their life attempts die; the later ones live. */
const deaths = fc.array(fc.integer({ min: 0, max: 1_500 }), { maxLength: 6 })
/** How long the waits take that are not durable: another time in each attempt. */
const waits = fc.array(
  fc.record({ turns: fc.integer({ min: 0, max: 9 }), ms: fc.nat({ max: 90 }) }),
  {
    minLength: 1,
    maxLength: 6,
  },
)
/** They compute a lot, and share the machine with the other tests. */
const patience = { timeout: 60_000 }

function stageOf(block: readonly Statement[], journal: readonly Segment[] = []): Stage {
  const stage: Stage = new Stage(programOf(block, () => stage.world))
  if (journal.length === 0) return stage
  return stage.with(journal)
}

const outputOf = (entries: readonly Entry[]) => entries.find((entry) => entry.kind === 'output')

describe('random handlers', () => {
  it('give the same output when their whole journal is replayed', patience, async () => {
    await fc.assert(
      fc.asyncProperty(durablePrograms, fc.nat(), async (block, seed) => {
        const live = stageOf(block)
        const output = await conduct(live, outsideOf(seed))
        expect(await replayOf(block, live)).toEqual(statusOf(output))
      }),
      { numRuns: runs },
    )
  })

  it('go on from every prefix of their journal, and replay as they went on', patience, async () => {
    await fc.assert(
      fc.asyncProperty(durablePrograms, fc.nat(), async (block, seed) => {
        for await (const { again, output } of restarts(block, seed)) {
          expect(await replayOf(block, again)).toEqual(statusOf(output))
        }
      }),
      { numRuns: runs },
    )
  })

  it(
    'that wait for something not durable never contradict a prefix of their journal',
    patience,
    async () => {
      await fc.assert(
        fc.asyncProperty(programs, fc.nat(), async (block, seed) => {
          for await (const { output } of restarts(block, seed)) expect(output.kind).toBe('value')
        }),
        { numRuns: runs },
      )
    },
  )

  it.each([
    ['', durablePrograms, undefined],
    [', whatever they wait for that is not durable, each time for as long', programs, undefined],
    [', and when they are cancelled', durablePrograms, 2_500],
    [', and when they are cancelled while they wait for something not durable', programs, 2_500],
  ])(
    'start a step always for the same reason, however often attempts die (INV-3)%s',
    patience,
    async (_, blocks, cancelsWithinMs) => {
      const cancels =
        cancelsWithinMs === undefined ? fc.constant(undefined) : fc.nat(cancelsWithinMs)
      await fc.assert(
        fc.asyncProperty(
          blocks,
          fc.nat(),
          deaths,
          waits,
          cancels,
          async (block, seed, lives, pauses, cancelAfterMs) => {
            const starts = new Starts()
            let attempts = 0
            const stage: Stage = new Stage(
              programOf(block, () => stage.world, {
                onStart: (start) => starts.add(start),
                pause: () => pauses[attempts++ % pauses.length],
              }),
            )
            await conduct(stage, outsideOf(seed), { lives, cancelAfterMs })
            for (const reasons of starts.reasons) expect(reasons).toHaveLength(1)
          },
        ),
        { numRuns: 4 * runs },
      )
    },
  )

  it('that read state know it as they read it, whatever it is by now', patience, async () => {
    await fc.assert(
      fc.asyncProperty(readers, fc.nat(), deaths, fc.nat(2_500), async (block, seed, lives, ms) => {
        const starts = new Starts()
        const stage = readerOf(block, starts)
        const output = await conduct(stage, outsideOf(seed), { lives, cancelAfterMs: ms })
        for (const reasons of starts.reasons) expect(reasons).toHaveLength(1)
        const again = readerOf(block).with(withoutOutput(stage.journal.segments))
        again.startEpoch()
        const { status } = await again.attempt()
        expect(status).toEqual(statusOf(output))
      }),
      { numRuns: 4 * runs },
    )
  })

  it('that are cancelled know what became of each step that has begun', patience, async () => {
    await fc.assert(
      fc.asyncProperty(
        programs,
        fc.nat(),
        deaths,
        fc.nat(2_500),
        async (block, seed, lives, ms) => {
          const begun = new Set<string>()
          const cancelled = new Map<unknown, string[]>()
          let last: unknown
          const stage: Stage = new Stage((ctx, input) => {
            last = ctx
            cancelled.set(ctx, [])
            return programOf(block, () => stage.world, {
              onStart: ({ step }) => begun.add(step),
              onCancelled: (step) => cancelled.get(ctx)?.push(step),
            })(ctx, input)
          })
          await conduct(stage, outsideOf(seed), { lives, cancelAfterMs: ms })
          expect(cancelled.get(last)?.filter((step) => begun.has(step))).toEqual([])
        },
      ),
      { numRuns: 4 * runs },
    )
  })

  it('that are cancelled replay as they went on, from every prefix', patience, async () => {
    await fc.assert(
      fc.asyncProperty(durablePrograms, fc.nat(), fc.nat(2_500), async (block, seed, ms) => {
        for await (const { again, output } of restarts(block, seed, ms)) {
          expect(await replayOf(block, again)).toEqual(statusOf(output))
        }
      }),
      { numRuns: runs },
    )
  })

  it(
    'that are cancelled, whatever they wait for, never contradict a prefix of their journal',
    patience,
    async () => {
      await fc.assert(
        fc.asyncProperty(programs, fc.nat(), fc.nat(2_500), async (block, seed, ms) => {
          for await (const { output } of restarts(block, seed, ms)) {
            expect(output.kind).toBe('value')
          }
        }),
        { numRuns: runs },
      )
    },
  )

  it('end as well when each attempt has little time', patience, async () => {
    await fc.assert(
      fc.asyncProperty(programs, fc.nat(), async (block, seed) => {
        const output = await conduct(stageOf(block), outsideOf(seed), { lifeMs: 1_500 })
        expect(output.kind).toBe('value')
      }),
      { numRuns: runs },
    )
  })
})

/** Why each step was started, by step. */
class Starts {
  readonly #reasons = new Map<string, Set<string>>()

  add({ step, name, now }: Start): void {
    const known = this.#reasons.get(step) ?? new Set()
    this.#reasons.set(step, known.add(`${name} at ${now}`))
  }

  get reasons(): readonly (readonly string[])[] {
    return [...this.#reasons.values()].map((reasons) => [...reasons])
  }
}

/** A shared handler: each attempt sees another state, and each third of them has to fetch it. */
function readerOf(block: readonly Statement[], starts = new Starts()): Stage {
  const program = programOf(block, () => stage.world, { onStart: (start) => starts.add(start) })
  const setting = { kind: 'object', shared: true } as const
  const stage: Stage = keyedStage(setting, program as unknown as KeyedProgram)
  let attempts = 0
  stage.journal.stateValue = async (name, slot) => {
    await stage.world.delay((slot * 97) % 700)
    return encodeValue(`${name} of ${slot}`)
  }
  Object.defineProperty(stage, 'cells', {
    get: () => {
      attempts += 1
      const lazy = { name: 'n', slot: attempts, bytes: 70_000 }
      return [attempts % 3 === 0 ? lazy : cell('n', attempts)]
    },
  })
  return stage
}

/** A live execution, then one more from each prefix of its journal, as after a crash. */
async function* restarts(block: readonly Statement[], seed: number, cancelAfterMs?: number) {
  const live = stageOf(block)
  const output = await conduct(live, outsideOf(seed), { cancelAfterMs })
  yield { again: live, output }
  for (let length = 2; length < live.journal.segments.length; length += 1) {
    const again = stageOf(block, live.journal.segments.slice(0, length))
    yield { again, output: await conduct(again, outsideOf(seed + 1), { cancelAfterMs }) }
  }
}

/** How an attempt ends whose predecessor died just before it could append the output. */
async function replayOf(block: readonly Statement[], { journal }: Stage) {
  const stage = stageOf(block, withoutOutput(journal.segments))
  stage.startEpoch()
  const { status } = await stage.attempt()
  return status
}

/** The journal as it was before its end was appended. */
function withoutOutput(segments: readonly Segment[]): readonly Segment[] {
  const last = segments.findIndex(({ entries }) => outputOf(entries) !== undefined)
  return segments.slice(0, last + 1).map((segment) => ({
    ...segment,
    entries: segment.entries.filter(({ kind }) => kind !== 'output'),
  }))
}

function statusOf(output: Outcome) {
  return output.kind === 'value'
    ? { ...completed(), value: output.value }
    : { kind: 'failed', failure: output.failure }
}
