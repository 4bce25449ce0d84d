import type { World } from '../unit/engine/world.ts'
import type { Faults } from './faults.ts'
import type { History } from './history.ts'
import { type Call, describeArgs, methodsOf } from './port-calls.ts'
import { away, spoilBatches } from './spoiled-batches.ts'

export type Spoiler = {
  readonly faults: Faults
  readonly history: History
  /** The longest that a store takes. */
  readonly slowMs: number
}

const mostLittleMs = 30
const mostAgainMs = 5_000
const mostBrownoutMs = 8_000

/**
 * What can go wrong between a store and whoever asks it: the request or its answer is lost, or either takes its time, or
 * comes twice. A write whose answer is lost has succeeded and answers an error; one that the client repeats by itself
 * answers what the second one came to. No port allows stale reads: every one says that its reads are consistent.
 */
export function spoilStores({ stores, clock }: World, { faults, history, slowMs }: Spoiler): void {
  spoilBatches(stores, faults, history)
  for (const [name, store] of Object.entries(stores)) spoil(name, store)

  function spoil(name: string, store: object): void {
    let [refusesUntil, asked] = [0, -1]
    const isBrownout = (): boolean => {
      if (faults.isOver) return false
      const second = Math.floor(clock.monotonic() / 1_000)
      if (second === asked) return clock.monotonic() < refusesUntil
      asked = second
      const much = faults.strikes('brownout', name, '')
      if (much === undefined) return clock.monotonic() < refusesUntil
      refusesUntil = clock.monotonic() + much * mostBrownoutMs
      history.add(name, `refuses everything for ${Math.round(much * mostBrownoutMs)} ms`)
      return true
    }
    for (const method of methodsOf(store)) {
      const real = Reflect.get(store, method).bind(store) as Call
      const where = `${name}.${method}`
      const spoiled: Call = async (...args) => {
        const what = describeArgs(args)
        await delay(`${where} asked`, what)
        if (isBrownout()) throw away('it is too much')
        fail('store-refuses', where, what, 'it did not arrive')
        const answer = await done(real, args, where, what)
        await delay(`${where} answered`, what)
        fail('answer-lost', where, what, 'the answer was lost')
        return answer
      }
      Object.assign(store, { [method]: spoiled })
    }
  }

  /** Once, as it should be, or twice. */
  async function done(real: Call, args: unknown[], where: string, what: string): Promise<unknown> {
    const answer = await real(...args)
    const late = faults.strikes('done-again', where, what)
    if (late !== undefined) {
      clock.timer(late * late * mostAgainMs, () => {
        history.add(where, `it is done again ${what}`)
        real(...args).catch(() => undefined)
      })
    }
    if (faults.strikes('asked-twice', where, what) === undefined) return answer
    history.add(where, `it was asked for twice ${what}`)
    return real(...args)
  }

  async function delay(where: string, what: string): Promise<void> {
    const little = faults.strikes('reordered', where, what)
    const much = faults.strikes('store-slow', where, what)
    const ms = (little ?? 0) * mostLittleMs + (much ?? 0) ** 2 * slowMs
    if (ms > 0) await clock.sleep(Math.ceil(ms))
  }

  function fail(
    kind: 'store-refuses' | 'answer-lost',
    where: string,
    what: string,
    how: string,
  ): void {
    if (faults.strikes(kind, where, what) === undefined) return
    history.add(where, `${how} ${what}`)
    throw away(how)
  }
}
