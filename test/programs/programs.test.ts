import { decodeInvokeReply } from '@fermata/lambda-runtime/protocol'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CrashPlan } from '../chaos/crash-plan.ts'
import { type Played, play, replay } from './play.ts'
import { anyProgram, type Program } from './program.ts'
import { Reference } from './reference.ts'

const runs = { numRuns: 60 }
const within = 580_000

let realFetch: typeof fetch
beforeEach(() => {
  realFetch = globalThis.fetch
})
afterEach(() => {
  globalThis.fetch = realFetch
})

/** Plays it, and holds what came out against the reference. */
async function check(program: Program, plan = new CrashPlan()): Promise<Played> {
  const rough = Reference.of(program, 'p', undefined)
  const played = await play(program, plan, (effects) => isSuperset(effects, rough.must))
  const output = plainOf(played.output)
  const { output: expected, must, may } = Reference.of(program, 'p', output)
  expect(output).toEqual(expected)
  expect([...must].filter((key) => !played.effects.has(key))).toEqual([])
  expect([...played.effects].filter((key) => !must.has(key) && !may.has(key))).toEqual([])
  expect(played.mistakes).toEqual([])
  return played
}

describe('any program', () => {
  it(
    'does what it says',
    async () => {
      await fc.assert(
        fc.asyncProperty(anyProgram, async (program) => {
          await check(program)
        }),
        runs,
      )
    },
    within,
  )

  it(
    'does so when a function or a replica dies, anywhere',
    async () => {
      const where = fc.constantFrom('function' as const, 'replica' as const)
      await fc.assert(
        fc.asyncProperty(anyProgram, where, fc.nat(), async (program, place, moment) => {
          const calm = new CrashPlan()
          await check(program, calm)
          const index = moment % calm.count(place)
          await check(program, new CrashPlan({ where: place, index }))
        }),
        runs,
      )
    },
    within,
  )

  it(
    'goes on the same way from wherever its journal ends',
    async () => {
      await fc.assert(
        fc.asyncProperty(anyProgram, async (program) => {
          const played = await check(program)
          for (const recorded of played.journals) {
            const output = recorded.segments
              .flatMap(({ entries }) => entries)
              .find((entry) => entry.kind === 'output')?.result
            for (let length = 1; length < recorded.segments.length; length++) {
              const { reply, effects } = await replay(recorded, length)
              const { status } = decodeInvokeReply(reply)
              expect(['suspended', 'completed']).toContain(status.kind)
              // One that was sent may still be on its way to its end.
              if (status.kind === 'completed' && output !== undefined && isSettled(program)) {
                expect({ kind: 'value', value: status.value }).toEqual(output)
              }
              expect([...effects].filter((key) => !key.startsWith('p/'))).toEqual([])
            }
          }
        }),
        runs,
      )
    },
    within,
  )
})

/** Whether its output does not depend on who is faster. */
function isSettled(program: Program): boolean {
  return !/"(race|timeout)"/.test(JSON.stringify(program))
}

function plainOf(output: unknown): unknown {
  return typeof output === 'object' && output !== null && 'value' in output ? output.value : output
}

function isSuperset(all: ReadonlySet<string>, some: ReadonlySet<string>): boolean {
  return [...some].every((key) => all.has(key))
}
