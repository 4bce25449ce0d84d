import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { Chance } from '../chance.ts'
import { type Act, gaveBy, journalsOf, outcomeOf, type Story } from '../story.ts'
import type { Universe } from '../universe.ts'
import { type Asked, asking } from './asked.ts'

type Had = { readonly first: number; readonly called: string; readonly second: number }

/** The ops of the handler: a step, a send, a call, a step beside a sleep, a step. */
const [sendOp, callOp, secondOp, ops] = [1, 2, 3, 6]

/** What has sent and called others is done again from the middle: what is kept is neither asked for nor drawn again. */
export function redos(chance: Chance, mostMs: number): Story {
  const target = { service: 'redo', handler: 'go' }
  const first: Asked = {
    ...{ name: 'redo', target, input: 'r', at: chance.below(mostMs), id: undefined },
  }
  let again: InvocationId | undefined
  const from = chance.between(0, ops)
  const restart: Act = {
    at: chance.below(mostMs),
    what: `does it again from ${from}`,
    play: async ({ ask, universe }) => {
      const { id } = first
      if (id === undefined || outcomeOf(universe, id) === undefined) return false
      const answer = await ask(({ admin }) => admin.restart(id, { from, idempotencyKey: 'redo' }))
      if (answer === undefined || !('value' in answer)) return false
      again = answer.value.invocationId
      return true
    },
  }
  return {
    name: 'redos',
    acts: [asking(first), restart],
    violations: (universe) =>
      first.id === undefined || again === undefined
        ? []
        : violationsOf(universe, from, gaveBy(universe, first.id), gaveBy(universe, again)),
  }
}

function violationsOf(
  universe: Universe,
  from: number,
  before: unknown,
  after: unknown,
): readonly string[] {
  const [old, had] = [before, after] as [Had | undefined, Had | undefined]
  if (old === undefined || had === undefined) return [`done again from ${from}, it gave nothing`]
  const found: string[] = []
  if ((old.first === had.first) !== from > 0) found.push('its first step')
  if ((old.second === had.second) !== from > secondOp) found.push('its second step')
  const asked = 2 + (from <= sendOp ? 1 : 0) + (from <= callOp ? 1 : 0)
  const count = journalsOf(universe, 'echo').filter(isOfRedo).length
  if (count !== asked) found.push(`those whom it asks: ${count}, not ${asked}`)
  return found.map((what) => `INV-5: done again from ${from}, it is wrong about ${what}`)
}

function isOfRedo({ segments }: ReturnType<typeof journalsOf>[number]): boolean {
  return segments.some(({ entries }) =>
    entries.some(
      (entry) =>
        entry.kind === 'created' &&
        'invocation' in entry.origin &&
        entry.origin.invocation.startsWith('redo.'),
    ),
  )
}
