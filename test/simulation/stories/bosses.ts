import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { Chance } from '../chance.ts'
import { type Act, outcomeOf, type Story, submit } from '../story.ts'
import type { Universe } from '../universe.ts'

/** Who is cancelled cancels those that work for it; each makes up for what it has begun, or has done it. */
export function bosses(chance: Chance, mostMs: number): Story {
  let id: InvocationId | undefined
  let isCancelled = false
  const at = chance.below(mostMs)
  const cancels = chance.happens(0.7)
  const cancelMs = chance.below(30_000)
  const cancel: Act = {
    at: at + cancelMs,
    what: 'cancels the boss',
    play: async ({ ask }) => {
      const boss = id
      if (boss === undefined) return false
      isCancelled = true
      const answer = await ask(({ admin }) => admin.cancel(boss, undefined))
      if (answer === undefined) return false
      return 'value' in answer || answer.code === 'invocation-closed'
    },
  }
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
      ...(cancels ? [cancel] : []),
    ],
    violations: (universe) =>
      id === undefined ? [] : violationsOf(universe, id, { isCancelled, early: cancelMs < 20_000 }),
  }
}

type Ended = { readonly isCancelled: boolean; readonly early: boolean }

function violationsOf(universe: Universe, id: InvocationId, ended: Ended): readonly string[] {
  const outcome = outcomeOf(universe, id)
  const hasWorked = outcome?.kind === 'value'
  const found = ['b.0', 'b.1'].flatMap((part) => partViolations(universe, part, hasWorked))
  if (!hasWorked && !ended.isCancelled) found.push(`the boss had ${JSON.stringify(outcome)}`)
  // It takes a part longer than that to be done.
  const isDone = universe.told.some(({ key }) => key.startsWith('done b'))
  if (universe.isUndisturbed && ended.isCancelled && ended.early && isDone) {
    found.push('the boss was cancelled, and its work was done all the same')
  }
  return found
}

function partViolations({ told }: Universe, part: string, hasWorked: boolean): string[] {
  const has = (how: string) => told.some(({ key }) => key === `${how} ${part}`)
  const [done, undone] = [has('done'), has('undone')]
  const found: string[] = []
  if (done && undone) found.push(`${part} was done and undone`)
  if (has('begun') && !done && !undone) found.push(`${part} was begun, and neither done nor undone`)
  if (hasWorked && !done) found.push(`the boss has worked, but ${part} was not done`)
  return found
}
