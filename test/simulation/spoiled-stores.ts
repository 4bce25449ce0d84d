import type { World } from '../unit/engine/world.ts'
import type { Faults } from './faults.ts'
import type { History } from './history.ts'

/**
 * What can go wrong between a store and whoever asks it: the request or its answer is lost, or either takes its time.
 * A write whose answer is lost has succeeded and answers an error.
 */
export function spoilStores(
  { stores, clock }: World,
  faults: Faults,
  history: History,
  slowMs: number,
): void {
  const { journals, agenda, leases, objects, promises, collectors } = stores
  spoil('journals', journals, ['append', 'load', 'tail', 'restamp'])
  spoil('agenda', agenda, ['put', 'list'])
  spoil('leases', leases, ['list', 'putReplica', 'putShard'])
  spoil('objects', objects, ['head', 'writeHead', 'append', 'slots', 'lastSlot'])
  spoil('promises', promises, ['read', 'complete', 'addWaiter', 'waiters', 'removeWaiter'])
  spoil('collectors', collectors, ['read', 'writeHead', 'append', 'isTaken', 'markTaken'])

  function spoil<S extends object>(
    name: string,
    store: S,
    methods: readonly (keyof S & string)[],
  ): void {
    for (const method of methods) {
      const work: unknown = store[method]
      if (typeof work !== 'function') throw new Error(`${name} has no ${method}`)
      const real = work.bind(store) as (...args: unknown[]) => Promise<unknown>
      const where = `${name}.${method}`
      const spoiled = async (...args: unknown[]) => {
        const what = String(args[0] instanceof Object ? '' : args[0])
        await delay(`${where} asked`, what)
        fail('store-refuses', where, what, 'it did not arrive')
        const answer = await real(...args)
        await delay(`${where} answered`, what)
        fail('answer-lost', where, what, 'the answer was lost')
        return answer
      }
      Object.assign(store, { [method]: spoiled })
    }
  }

  async function delay(where: string, what: string): Promise<void> {
    const much = faults.strikes('store-slow', where, what)
    if (much !== undefined) await clock.sleep(Math.ceil(much * much * slowMs))
  }

  function fail(
    kind: 'store-refuses' | 'answer-lost',
    where: string,
    what: string,
    how: string,
  ): void {
    if (faults.strikes(kind, where, what) === undefined) return
    history.add(where, `${how} ${what}`)
    throw new Error(how)
  }
}
