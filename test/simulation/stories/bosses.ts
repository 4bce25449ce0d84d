import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { Chance } from '../chance.ts'
import { type Act, outcomeOf, type Story, submit } from '../story.ts'
import type { Universe } from '../universe.ts'

/**
 * Who is cancelled cancels those that work for it; each makes up for what it has begun, or has done it. Who is killed takes
 * them along as they are.
 */
export function bosses(chance: Chance, mostMs: number): Story {
  let id: InvocationId | undefined
  let isEnded = false
  const at = chance.below(mostMs)
  const how = chance.one<'cancel' | 'kill' | undefined>(['cancel', 'cancel', 'kill', undefined])
  const cancelMs = chance.below(30_000)
  const end = (by: 'cancel' | 'kill'): Act => ({
    at: at + cancelMs,
    what: `does a ${by} to the boss`,
    play: async ({ ask }) => {
      const boss = id
      if (boss === undefined) return false
      isEnded = true
      const answer = await ask(({ admin }) => admin[by](boss, undefined))
      if (answer === undefined) return false
      return 'value' in answer || answer.code === 'invocation-closed'
    },
  })
  return {
    name: 'bosses',
    acts: [
      {
        at,
        what: 'submits a boss',
        play: async (stage) => {
          const target = { service: 'boss', handler: 'work' }
          id = await submit(stage, { target, input: 'b', key: 'boss' })
          return id !== undefined
        },
      },
      ...(how === undefined ? [] : [end(how)]),
    ],
    violations: (universe) =>
      id === undefined
        ? []
        : violationsOf(universe, id, { by: isEnded ? how : undefined, early: cancelMs < 20_000 }),
  }
}

type Ended = { readonly by: 'cancel' | 'kill' | undefined; readonly early: boolean }

function violationsOf(universe: Universe, id: InvocationId, ended: Ended): readonly string[] {
  const outcome = outcomeOf(universe, id)
  const hasWorked = outcome?.kind === 'value'
  const found = ['b.0', 'b.1'].flatMap((part) =>
    partViolations(universe, part, hasWorked, ended.by),
  )
  if (!hasWorked && ended.by === undefined) found.push(`the boss had ${JSON.stringify(outcome)}`)
  // It takes a part longer than that to be done.
  const isDone = universe.told.some(({ key }) => key.startsWith('done b'))
  if (universe.isUndisturbed && ended.by !== undefined && ended.early && isDone) {
    found.push(`there was a ${ended.by} of the boss, and its work was done all the same`)
  }
  return found
}

function partViolations(
  { told }: Universe,
  part: string,
  hasWorked: boolean,
  by: Ended['by'],
): string[] {
  const has = (how: string) => told.some(({ key }) => key === `${how} ${part}`)
  const [done, undone] = [has('done'), has('undone')]
  const found: string[] = []
  if (done && undone) found.push(`${part} was done and undone`)
  if (has('begun') && !done && !undone && by !== 'kill')
    found.push(`${part} was begun, and neither done nor undone`)
  if (hasWorked && !done) found.push(`the boss has worked, but ${part} was not done`)
  return found
}
