import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { Chance } from '../chance.ts'
import { type Act, gaveBy, type Stage, type Story, submit } from '../story.ts'
import type { Universe } from '../universe.ts'

type Asked = {
  readonly handler: string
  id: InvocationId | undefined
  readonly input: unknown
}
type Ran = { readonly first: number; readonly nudges: readonly number[] }

/** A workflow that waits for a promise, for signals, and for itself. The first writer of a promise wins, for all. */
export function desks(chance: Chance, mostMs: number): Story {
  return deskAt('d', chance, mostMs)
}

/** Several of them. */
export function manyDesks(chance: Chance, mostMs: number): Story {
  const all = ['d', 'e', 'f', 'g', 'h'].map((key) => deskAt(key, chance, mostMs))
  return {
    name: 'desks',
    acts: all.flatMap(({ acts }) => acts),
    async violations(universe) {
      return (await Promise.all(all.map((desk) => desk.violations(universe)))).flat()
    },
  }
}

function deskAt(key: string, chance: Chance, mostMs: number): Story {
  const run: Asked = { handler: 'run', id: undefined, input: null }
  const beside: Asked[] = chance.times(chance.between(1, 6), (index) => ({
    handler: chance.one(['answer', 'look', 'last', 'visit']),
    id: undefined,
    input: index + 1,
  }))
  const acts = [run, ...beside].map(
    (asked, index): Act => ({
      at: chance.below(mostMs),
      what: `asks desk/${key}/${asked.handler}`,
      play: async (stage) => {
        const { handler } = asked
        const isVisit = handler === 'visit'
        const target = isVisit ? { service: 'visitor', handler } : { service: 'desk', key, handler }
        const input = isVisit ? key : asked.input
        asked.id = await submit(stage, { target, input, key: `desk ${key} ${index}` })
        return asked.id !== undefined
      },
    }),
  )
  const outside = chance.times(chance.between(1, 2), (n): Act => {
    const value = 100 + n
    return {
      at: chance.between(0, mostMs),
      what: `resolves desk/${key}/first with ${value}`,
      play: async (stage) => await resolve(stage, key, value),
    }
  })
  const nudges = [1, 2, 2, 1].map((nudge): Act => {
    return {
      at: chance.between(0, mostMs),
      what: `sends the signal ${nudge}`,
      play: async (stage) => await nudged(stage, run, nudge),
    }
  })
  return {
    name: 'desks',
    acts: [...acts, ...outside, ...nudges],
    violations: (universe) => violationsOf(universe, key, run, beside),
  }
}

async function resolve({ ask }: Stage, key: string, value: number): Promise<boolean> {
  const promise = { workflow: 'desk', key, name: 'first' }
  const outcome = { kind: 'value', value: { json: value } } as const
  const answer = await ask(({ ingress }) =>
    ingress.completePromise(promise, outcome, `outside ${value}`),
  )
  if (answer === undefined) return false
  return 'value' in answer || answer.code === 'promise-completed'
}

async function nudged({ ask }: Stage, { id }: Asked, nudge: number): Promise<boolean> {
  if (id === undefined) return false
  const signal = { name: 'nudge', value: { json: nudge }, signalId: `nudge ${nudge}` }
  const answer = await ask(({ ingress }) => ingress.signal(id, signal))
  if (answer === undefined) return false
  return 'value' in answer || answer.code === 'invocation-closed'
}

async function violationsOf(
  universe: Universe,
  key: string,
  run: Asked,
  beside: readonly Asked[],
): Promise<readonly string[]> {
  if (run.id === undefined) return []
  const found: string[] = []
  const ran = gaveBy(universe, run.id) as Ran | undefined
  const promises = await universe.world.stores.promises.list('desk', key)
  const first = promises.find(({ name }) => name === 'first')?.outcome
  if (JSON.stringify(first) !== JSON.stringify({ kind: 'value', value: { json: ran?.first } })) {
    found.push(`the desk had ${ran?.first}, but its promise is ${JSON.stringify(first)}`)
  }
  if (JSON.stringify(ran?.nudges.toSorted()) !== '[1,2]') {
    found.push(`the desk had the signals ${ran?.nudges}`)
  }
  const won = beside.filter(({ id }) => id !== undefined && wonBy(gaveBy(universe, id)))
  if (won.length > 1) found.push(`${won.length} writers of one promise have won`)
  return [...found, ...beside.flatMap((asked) => besideViolations(universe, asked, ran?.first))]
}

function besideViolations(
  universe: Universe,
  { handler, id, input }: Asked,
  first: number | undefined,
): readonly string[] {
  const value = id === undefined ? undefined : gaveBy(universe, id)
  if (handler === 'last') {
    return id === undefined || value === (first ?? 0) * 10 ? [] : [`last was ${value}`]
  }
  if (handler === 'visit') {
    return id === undefined || value === first ? [] : [`a visitor had ${value}, not ${first}`]
  }
  if (!isSeen(value)) return []
  const found: string[] = []
  if (value.first !== null && value.first !== first) {
    found.push(`${handler} saw ${value.first}, the run ${first}`)
  }
  if (value.won !== undefined && value.won !== (first === input)) {
    found.push(`the answer ${input} won: ${value.won}, though it is ${first}`)
  }
  return found
}

function wonBy(value: unknown): boolean {
  return isSeen(value) && value.won === true
}

function isSeen(value: unknown): value is { first: number | null; won?: boolean } {
  return typeof value === 'object' && value !== null && 'first' in value
}
