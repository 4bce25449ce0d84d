import { type AimdState, aimdLimit, createAimd, stepAimd } from '../../domain/concurrency.ts'
import type { Clock } from '../../ports/index.ts'

/** How many attempts of a function may run at once here: what Lambda's throttling taught (AIMD). */
export interface Concurrency {
  limitOf(name: string): number
  throttled(name: string): void
  succeeded(name: string): void
}

/** `ceilingOf` is the configured limit of this replica's share. */
export function createConcurrency(clock: Clock, ceilingOf: () => number): Concurrency {
  const states = new Map<string, AimdState>()
  const step = (name: string, kind: 'throttled' | 'succeeded') => {
    const state = states.get(name)
    if (state === undefined && kind === 'succeeded') return
    const ceiling = ceilingOf()
    const before = state ?? createAimd(ceiling)
    states.set(name, stepAimd(before, { kind, at: clock.monotonic(), ceiling }))
  }
  return {
    limitOf(name) {
      const state = states.get(name)
      return state === undefined ? ceilingOf() : Math.min(aimdLimit(state), ceilingOf())
    },
    throttled: (name) => step(name, 'throttled'),
    succeeded: (name) => step(name, 'succeeded'),
  }
}
