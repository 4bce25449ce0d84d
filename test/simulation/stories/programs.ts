import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import fc from 'fast-check'
import type { Play } from '../../programs/interpreter.ts'
import { anyProgram, type Program } from '../../programs/program.ts'
import { type Expected, Reference } from '../../programs/reference.ts'
import type { Chance } from '../chance.ts'
import { type Act, outcomeOf, type Stage, type Story, submit } from '../story.ts'
import type { Universe } from '../universe.ts'

/** What a person does to an invocation. */
type Deed = 'cancel' | 'kill' | 'pause'
type Open = { readonly program: Program; id: InvocationId | undefined; readonly deeds: Deed[] }

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
    async tick(stage) {
      await Promise.all([completeAwakeables(stage, completed), resumePaused(stage, all)])
    },
    violations: (universe) => violationsOf(universe, all),
  }
}

function actsOf(chance: Chance, open: Open, index: number, mostMs: number): readonly Act[] {
  const at = chance.below(mostMs)
  const input: Play = { program: open.program, path: `p${index}` }
  const delayMs = chance.happens(0.15) ? chance.below(20_000) : 0
  const target = { service: 'interpreter', handler: 'play' }
  const submitted: Act = {
    at,
    what: `submits program ${index}`,
    play: async (stage) => {
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
  for (const [index, { program, id, deeds }] of all.entries()) {
    if (id === undefined) continue
    const outcome = outcomeOf(universe, id)
    const wasEnded = deeds.includes('cancel') || deeds.includes('kill')
    const actual =
      outcome?.kind === 'value' && 'json' in outcome.value ? outcome.value.json : undefined
    const expected = Reference.of(program, `p${index}`, actual)
    addAll(may, expected, wasEnded ? undefined : must)
    const isAsSaid = JSON.stringify(actual) === JSON.stringify(expected.output)
    if (!isAsSaid && !(wasEnded && outcome?.kind === 'failure')) {
      const wanted = JSON.stringify(expected.output)
      found.push(`program ${index} (${id}): ${JSON.stringify(outcome)}, not ${wanted}`)
    }
  }
  const done = new Set(universe.told.map(({ key }) => key))
  for (const key of must) if (!done.has(key)) found.push(`INV-5: ${key} did not happen`)
  for (const key of done) {
    if (/^p\d/.test(key) && !may.has(key)) found.push(`INV-5: ${key} should not be`)
  }
  return found
}

function addAll(may: Set<string>, expected: Expected, must: Set<string> | undefined): void {
  for (const key of expected.may) may.add(key)
  for (const key of expected.must) {
    may.add(key)
    must?.add(key)
  }
}
