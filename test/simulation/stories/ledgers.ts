import type { Chance } from '../chance.ts'
import { journalsOf, type Story } from '../story.ts'
import { topic, type Universe } from '../universe.ts'

/** Records for a few keys. Each key's object holds its records, each once, in their order (INV-6, INV-7, INV-9). */
export function ledgers(chance: Chance, mostMs: number): Story {
  const produced = new Map<string, number[]>()
  const records = chance
    .times(chance.between(1, 14), (value) => ({
      at: chance.below(mostMs),
      key: chance.one(['x', 'y', 'z']),
      value,
    }))
    .toSorted((a, b) => a.at - b.at)
  return {
    name: 'ledgers',
    acts: records.map(({ at, key, value }) => ({
      at,
      what: `produces ${value} for ${key}`,
      play: async ({ universe }) => {
        const partition = key.charCodeAt(0) % universe.partitions
        universe.log.produce(topic, { partition, key, value: JSON.stringify(value) })
        produced.set(key, [...(produced.get(key) ?? []), value])
        return true
      },
    })),
    isOver: (universe) => {
      const noted = universe.told.filter(({ key }) => key.startsWith('ledger ')).length
      return noted >= [...produced.values()].flat().length && isCommitted(universe)
    },
    async violations(universe) {
      const found: string[] = []
      for (const [key, values] of produced) {
        const head = await universe.world.stores.objects.head({ service: 'ledger', key })
        const held = JSON.stringify(head?.cells ?? [])
        const wanted = JSON.stringify([{ name: 'entries', value: { json: values } }])
        if (held !== wanted) found.push(`INV-7: the ledger of ${key} holds ${held}, not ${wanted}`)
      }
      const count = [...produced.values()].flat().length
      const journals = journalsOf(universe, 'ledger').length
      if (journals !== count) found.push(`INV-9: ${count} records, ${journals} invocations`)
      return found
    },
  }
}

/** INV-8: what is accepted is committed, too. */
function isCommitted(universe: Universe): boolean {
  return Array.from({ length: universe.partitions }, (_, n) => n).every(
    (n) => universe.committedOf(n) >= universe.log.range(topic, n).high,
  )
}
