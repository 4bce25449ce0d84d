import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { Chance } from '../chance.ts'
import { type Story, submit } from '../story.ts'

/** Each sends several to one key at once. All come, once, and those of one in the order of its sends (INV-5, INV-6). */
export function postmen(chance: Chance, mostMs: number): Story {
  const all: { readonly from: string; readonly count: number; id: InvocationId | undefined }[] =
    chance.times(chance.between(1, 4), (index) => ({
      from: `postman ${index}`,
      count: chance.between(2, 5),
      id: undefined,
    }))
  return {
    name: 'postmen',
    acts: all.map((one) => ({
      at: chance.below(mostMs),
      what: `submits ${one.from}`,
      play: async (stage) => {
        const target = { service: 'postman', handler: 'send' }
        const { from, count } = one
        one.id = await submit(stage, { target, input: { from, count }, key: from })
        return one.id !== undefined
      },
    })),
    async violations({ world }) {
      const head = await world.stores.objects.head({ service: 'scroll', key: 's' })
      const [cell] = head?.cells ?? []
      const held = cell !== undefined && 'value' in cell ? cell.value : undefined
      const lines = held !== undefined && 'json' in held ? (held.json as readonly string[]) : []
      return all.flatMap(({ from, count, id }) => {
        const had = lines.filter((line) => line.startsWith(`${from}.`)).join()
        const wanted = Array.from({ length: count }, (_, n) => `${from}.${n}`).join()
        return id === undefined || had === wanted ? [] : [`INV-6: the scroll has ${had} of ${from}`]
      })
    },
  }
}
