import { type InvocationId, serviceOf } from '@fermata/lambda-runtime/protocol'

/** Invocations that wait for a permit, each once. */
export interface Waking {
  sizeOf(service: string): number
  /** Woken again meanwhile, it is looked at again. */
  later(id: InvocationId): void
}

export function createWaking(
  wake: (id: InvocationId) => Promise<void>,
  inBackground: (id: InvocationId, task: () => Promise<void>) => void,
): Waking {
  /** `true`: woken again meanwhile. */
  const waking = new Map<InvocationId, boolean>()
  const sizes = new Map<string, number>()
  const count = (id: InvocationId, by: 1 | -1) => {
    const service = serviceOf(id)
    const size = (sizes.get(service) ?? 0) + by
    if (size === 0) sizes.delete(service)
    else sizes.set(service, size)
  }
  const wakeAll = async (id: InvocationId) => {
    count(id, 1)
    try {
      do {
        waking.set(id, false)
        await wake(id)
      } while (waking.get(id))
    } finally {
      waking.delete(id)
      count(id, -1)
    }
  }
  return {
    sizeOf: (service) => sizes.get(service) ?? 0,
    later(id) {
      if (waking.has(id)) waking.set(id, true)
      else inBackground(id, () => wakeAll(id))
    },
  }
}
