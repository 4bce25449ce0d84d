import { type Aimd, createAimd, permitsOf, stepAimd } from '../../domain/concurrency.ts'
import type { Clock } from '../../ports/index.ts'

/** How many attempts of a function may run at once here: what Lambda's throttling taught (AIMD). */
export interface Concurrency {
  limitOf(name: string): number
  /** `running` counts the attempts under way, the refused one included. */
  throttled(name: string, running: number): void
  succeeded(name: string): void
}

/** `share` is this replica's part of a function's configured limit; it changes as replicas come and go. */
export function createConcurrency(clock: Clock, share: () => number): Concurrency {
  const throttledOnce = new Map<string, Aimd>()
  return {
    limitOf(name) {
      const state = throttledOnce.get(name)
      return state === undefined ? share() : Math.min(permitsOf(state), share())
    },
    throttled(name, running) {
      const state = throttledOnce.get(name) ?? createAimd({ ceiling: share() })
      const event = { kind: 'throttled', at: clock.monotonic(), running } as const
      throttledOnce.set(name, stepAimd(state, event))
    },
    succeeded(name) {
      const state = throttledOnce.get(name)
      if (state === undefined) return
      // Replicas come and go: what was this one's share when it was throttled may be less than it is now.
      const ceiling = share()
      throttledOnce.set(name, stepAimd({ ...state, ceiling }, { kind: 'succeeded' }))
    },
  }
}
