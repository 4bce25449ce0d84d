import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { Chance } from '../chance.ts'
import { outcomeOf, type Story, submit } from '../story.ts'

/** Who is cancelled cancels those that work for it; each makes up for what it has begun, or has done it. */
export function bosses(chance: Chance, mostMs: number): Story {
  let id: InvocationId | undefined
  let isCancelled = false
  const at = chance.below(mostMs)
  const cancels = chance.happens(0.7)
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
      ...(cancels
        ? [
            {
              at: at + chance.below(30_000),
              what: 'cancels the boss',
              play: async ({ ask }: Parameters<Story['acts'][number]['play']>[0]) => {
                const boss = id
                if (boss === undefined) return false
                isCancelled = true
                const answer = await ask(({ admin }) => admin.cancel(boss, undefined))
                if (answer === undefined) return false
                return 'value' in answer || answer.code === 'invocation-closed'
              },
            },
          ]
        : []),
    ],
    violations(universe) {
      if (id === undefined) return []
      const found: string[] = []
      const outcome = outcomeOf(universe, id)
      const hasWorked = outcome?.kind === 'value'
      if (!hasWorked && !isCancelled) found.push(`the boss had ${JSON.stringify(outcome)}`)
      const has = (key: string) => universe.told.some((one) => one.key === key)
      for (const part of ['b.0', 'b.1']) {
        const [begun, done, undone] = ['begun', 'done', 'undone'].map((how) =>
          has(`${how} ${part}`),
        )
        if (done && undone) found.push(`${part} was done and undone`)
        if (begun && !done && !undone) found.push(`${part} was begun, and neither done nor undone`)
        if (hasWorked && !done) found.push(`the boss has worked, but ${part} was not done`)
      }
      return found
    },
  }
}
