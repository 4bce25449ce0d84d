import type { MemoryInvoker } from '@fermata/orchestrator/adapters/memory-invoker/memory-invoker'
import type { World } from '../unit/engine/world.ts'
import type { Faults } from './faults.ts'
import type { History } from './history.ts'

const mostColdMs = 6_000
const mostLateMs = 40_000
const kinds = ['throttle', 'refuse', 'drop-request', 'drop-reply', 'twin'] as const

/** What can go wrong with an invocation of a function: decided for each, by its id and the attempt that it is. */
export function spoilInvoker({ invoker, clock }: World, faults: Faults, history: History): void {
  const invoke = invoker.invoke.bind(invoker)
  const spoiled: MemoryInvoker['invoke'] = async (address, request, signal) => {
    const what = `${request.invocation} ${request.epoch}`
    const cold = faults.strikes('function-cold', 'an invocation', what)
    if (cold !== undefined) await clock.sleep(Math.ceil(cold * cold * mostColdMs), signal)
    const kind = kinds.find((one) => faults.strikes(one, 'an invocation', what) !== undefined)
    if (kind !== undefined) {
      history.add('lambda', `${kind} ${what}`)
      invoker.inject({ kind, when: (one) => one === request })
    }
    const outcome = await invoke(address, request, signal)
    const late = faults.strikes('reply-late', 'an invocation', what)
    if (late !== undefined) {
      history.add('lambda', `reply-late ${what}`)
      await clock.sleep(Math.ceil(late * late * mostLateMs), signal)
    }
    return outcome
  }
  Object.assign(invoker, { invoke: spoiled })
}
