import type { MemoryStores } from '@fermata/orchestrator/adapters/memory/stores'
import { FermataError } from '@fermata/orchestrator/domain/errors'
import type { CollectorStore, JournalStore } from '@fermata/orchestrator/ports'
import type { Faults } from './faults.ts'
import type { History } from './history.ts'
import { describeArgs } from './port-calls.ts'

/** What ports do to many items is many writes: one may fail when others are done. */
export function spoilBatches(stores: MemoryStores, faults: Faults, history: History): void {
  const { journals, collectors } = stores
  const remove = journals.remove.bind(journals)
  const markTaken = collectors.markTaken.bind(collectors)
  const spoiled: Pick<JournalStore, 'remove'> & Pick<CollectorStore, 'markTaken'> = {
    remove: async (id, born, count) => {
      const some = part('journals.remove', id, count)
      await remove(id, born, some ?? count)
      if (some !== undefined) throw away('some segments are left')
    },
    markTaken: async (ref, marks) => {
      const some = part('collectors.markTaken', describeArgs([ref]), marks.length)
      await markTaken(ref, marks.slice(0, some))
      if (some !== undefined) throw away('some sends are not marked')
    },
  }
  Object.assign(journals, { remove: spoiled.remove })
  Object.assign(collectors, { markTaken: spoiled.markTaken })

  /** How many of `count` items are written; `undefined`: all. */
  function part(where: string, what: string, count: number): number | undefined {
    const much = faults.strikes('partial-batch', where, what)
    if (much === undefined) return undefined
    const some = Math.floor(much * count)
    history.add(where, `only ${some} of ${count} ${what}`)
    return some
  }
}

/** What an adapter throws whose table cannot be reached. */
export function away(how: string): FermataError {
  return new FermataError('store-unreachable', how)
}
