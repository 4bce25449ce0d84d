import type { InvocationId } from '@fermata/lambda-runtime/protocol'

/** Invocations that wait for a permit, each once. */
export interface Waking {
  readonly size: number
  /** Woken again meanwhile, it is looked at again. */
  later(id: InvocationId): void
}

export function createWaking(
  wake: (id: InvocationId) => Promise<void>,
  inBackground: (id: InvocationId, task: () => Promise<void>) => void,
): Waking {
  /** `true`: woken again meanwhile. */
  const waking = new Map<InvocationId, boolean>()
  const wakeAll = async (id: InvocationId) => {
    try {
      do {
        waking.set(id, false)
        await wake(id)
      } while (waking.get(id))
    } finally {
      waking.delete(id)
    }
  }
  return {
    get size() {
      return waking.size
    },
    later(id) {
      if (waking.has(id)) waking.set(id, true)
      else inBackground(id, () => wakeAll(id))
    },
  }
}
