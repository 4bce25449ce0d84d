import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import fc from 'fast-check'
import type { Play } from '../../programs/interpreter.ts'
import { anyProgram, type Program } from '../../programs/program.ts'
import { type Expected, Reference } from '../../programs/reference.ts'
import type { Chance } from '../chance.ts'
import { statementsOf, without } from '../statements.ts'
import { type Act, outcomeOf, type Stage, type Story, submit } from '../story.ts'
import type { Universe } from '../universe.ts'

/** What a person does to an invocation. */
type Deed = 'cancel' | 'kill' | 'pause'
type Open = { program: Program; id: InvocationId | undefined; readonly deeds: Deed[] }

/** Random programs; people answer what they ask, and disturb some. What comes of them is what the reference says. */
export function programs(chance: Chance, mostMs: number): Story {
  const seed = chance.below(2 ** 31)
  const all: Open[] = fc
    .sample(anyProgram, { seed, numRuns: chance.between(1, 3) })
    .map((program) => ({ program, id: undefined, deeds: [] }))
  const acts = all.flatMap((open, index) => actsOf(chance, open, index, mostMs))
  const completed = new Set<string>()
  return {
    name: 'programs',
    acts,
    statements: all.flatMap(({ program }, index) => statementsOf(program, `p${index}`)),
    leaveOut(statements) {
      for (const [index, open] of all.entries()) {
        open.program = without(open.program, `p${index}`, statements)
      }
    },
    async tick(stage) {
      await Promise.all([completeAwakeables(stage, completed), resumePaused(stage, all)])
    },
    violations: (universe) => violationsOf(universe, all),
  }
}

function actsOf(chance: Chance, open: Open, index: number, mostMs: number): readonly Act[] {
  const at = chance.below(mostMs)
  const delayMs = chance.happens(0.15) ? chance.below(20_000) : 0
  const target = { service: 'interpreter', handler: 'play' }
  const submitted: Act = {
    at,
    what: `submits program ${index}`,
    play: async (stage) => {
      const input: Play = { program: open.program, path: `p${index}` }
      open.id = await submit(stage, {
        ...{ target, input, key: `program ${index}` },
        ...(delayMs > 0 && { delayMs }),
      })
      return open.id !== undefined
    },
  }
  if (!chance.happens(0.25)) return [submitted]
  const deed = chance.one<Deed>(['cancel', 'kill', 'pause'])
  return [submitted, deedOf(open, deed, at + chance.below(20_000), index)]
}

function deedOf(open: Open, deed: Deed, at: number, index: number): Act {
  return {
    at,
    what: `does a ${deed} to program ${index}`,
    play: async (stage) => {
      const { id } = open
      if (id === undefined) return false
      // It may arrive though its answer does not.
      open.deeds.push(deed)
      await stage.ask(({ admin }) => admin[deed](id, undefined))
      return true
    },
  }
}

async function completeAwakeables({ universe, ask }: Stage, completed: Set<string>): Promise<void> {
  const asked = universe.told.flatMap(({ key, body }) =>
    isAsked(body) && !completed.has(key) ? [{ key, body }] : [],
  )
  await Promise.all(
    asked.map(async ({ key, body }) => {
      const outcome = { kind: 'value', value: { json: body.value } } as const
      const answer = await ask(({ ingress }) => ingress.completeAwakeable(body.awakeable, outcome))
      const isTooLate = answer !== undefined && 'code' in answer && tooLate.has(answer.code)
      if (isTooLate || (answer !== undefined && 'value' in answer)) completed.add(key)
    }),
  )
}

/** Whoever asks again, or comes when all is over, has done what he could. */
const tooLate: ReadonlySet<string> = new Set(['awakeable-completed', 'awakeable-not-found'])

function isAsked(body: unknown): body is { readonly awakeable: string; readonly value: number } {
  return typeof body === 'object' && body !== null && 'awakeable' in body
}

async function resumePaused(stage: Stage, all: readonly Open[]): Promise<void> {
  if (!stage.universe.isCalm) return
  for (const { id, deeds } of all) {
    if (id === undefined || !deeds.includes('pause')) continue
    await stage.ask(({ admin }) => admin.resume(id))
  }
}

/** Outputs and effects are those of the reference; of what a person ended, they are a part of them. */
function violationsOf(universe: Universe, all: readonly Open[]): readonly string[] {
  const found: string[] = []
  const may = new Set<string>()
  const must = new Set<string>()
  for (const [index, open] of all.entries()) {
    if (open.id === undefined) continue
    const { outcome, expected, wasEnded, isAsSaid } = resultOf(universe, open, open.id, index)
    addAll(may, expected, wasEnded ? undefined : must)
    if (!isAsSaid && !(wasEnded && outcome?.kind === 'failure')) {
      const wanted = JSON.stringify(expected.output)
      found.push(`program ${index} (${open.id}): ${JSON.stringify(outcome)}, not ${wanted}`)
    }
  }
  return [...found, ...effectViolations(universe, must, may)]
}

function effectViolations(
  { told }: Universe,
  must: ReadonlySet<string>,
  may: ReadonlySet<string>,
): readonly string[] {
  const done = new Set(told.map(({ key }) => key))
  const missing = [...must].filter((key) => !done.has(key))
  const others = [...done].filter((key) => /^p\d/.test(key) && !may.has(key))
  return [
    ...missing.map((key) => `INV-5: ${key} did not happen`),
    ...others.map((key) => `INV-5: ${key} should not be`),
  ]
}

function resultOf(universe: Universe, { program, deeds }: Open, id: InvocationId, index: number) {
  const outcome = outcomeOf(universe, id)
  const actual =
    outcome?.kind === 'value' && 'json' in outcome.value ? outcome.value.json : undefined
  const expected = Reference.of(program, `p${index}`, actual)
  const wasEnded = deeds.includes('cancel') || deeds.includes('kill')
  const isAsSaid = JSON.stringify(actual) === JSON.stringify(expected.output)
  return { outcome, expected, wasEnded, isAsSaid }
}

function addAll(may: Set<string>, expected: Expected, must: Set<string> | undefined): void {
  for (const key of expected.may) may.add(key)
  for (const key of expected.must) {
    may.add(key)
    must?.add(key)
  }
}
