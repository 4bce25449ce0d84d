import type { Value } from '@fermata/lambda-runtime/protocol'
import type { Chance } from '../chance.ts'
import type { Act, Story } from '../story.ts'
import { type Asked, asking, wrong } from './asked.ts'

const object = { service: 'slate', key: 'k' }

/**
 * A state that is written, wiped, shown while its holder waits, and changed by people, some of whom say which version
 * they mean. What it must be, the ledger knows.
 */
export function slates(chance: Chance, mostMs: number): Story {
  const all = chance.times(chance.between(3, 8), (n): Asked => {
    const handler = chance.one(['write', 'wipe', 'linger'])
    const target = { ...object, handler }
    return { name: `slate ${n}`, target, input: n, at: chance.below(mostMs), id: undefined }
  })
  const edits = chance.times(chance.between(1, 4), (n): Act => {
    const values: [string, Value | null][] = [
      [chance.one(['a', 'b']), chance.happens(0.3) ? null : { json: 100 + n }],
    ]
    const [replace, isSure] = [chance.happens(0.3), chance.happens(0.6)]
    return {
      at: chance.below(mostMs),
      what: 'changes the slate',
      play: async ({ ask }) => {
        // He may be overtaken between the look and the change: then it must not be made.
        const view = await ask(({ admin }) => admin.object(object, { from: undefined, limit: 1 }))
        if (view === undefined) return false
        const is = 'value' in view ? view.value.version : 0
        const change = { values, replace, version: isSure ? is : undefined }
        await ask(({ admin }) => admin.changeState(object, change))
        return true
      },
    }
  })
  return {
    name: 'slates',
    acts: [...all.map(asking), ...edits],
    violations: (universe) =>
      wrong(universe, all, (value, { target, input }) => {
        if (target.handler === 'wipe') return JSON.stringify(value) === '["c"]'
        return target.handler === 'linger' ? value === input : (value as number) >= 2
      }),
  }
}
