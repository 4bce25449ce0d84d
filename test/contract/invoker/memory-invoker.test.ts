import {
  createMemoryInvoker,
  type FunctionCode,
} from '@fermata/orchestrator/adapters/memory-invoker/memory-invoker'
import { createSystemClock } from '@fermata/orchestrator/adapters/system/system-clock'
import { broken, handler, stranger } from './fixtures/scripted-function.ts'
import { type InvokerRig, invokerContract } from './invoker-contract.ts'

async function createRig(): Promise<InvokerRig> {
  const entered = Promise.withResolvers<void>()
  const scripted: FunctionCode = (event) => {
    entered.resolve()
    return handler(event)
  }
  const functions: Readonly<Record<string, FunctionCode>> = { scripted, stranger, broken }
  const options = {
    handlers: (address: string) => functions[address],
    clock: createSystemClock(),
  }
  const invoker = createMemoryInvoker(options)
  const impatient = createMemoryInvoker({ ...options, timeoutMs: 20 })
  return {
    invoker: {
      invoke: (address, request, signal) =>
        address === 'impatient'
          ? impatient.invoke('scripted', request, signal)
          : invoker.invoke(address, request, signal),
      discover: (address) => invoker.discover(address),
      close: () => invoker.close(),
    },
    scripted: 'scripted',
    impatient: 'impatient',
    stranger: 'stranger',
    broken: 'broken',
    missing: 'missing',
    throttleNext: (seconds) =>
      invoker.inject({
        kind: 'throttle',
        ...(seconds !== undefined && { retryAfterMs: seconds * 1_000 }),
      }),
    dropNext: (what) => invoker.inject({ kind: `drop-${what}` }),
    starts: () => invoker.started.length,
    running: () => entered.promise,
    close: () => Promise.resolve(),
  }
}

invokerContract('the memory invoker', createRig)
