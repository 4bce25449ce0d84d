import type { InvocationId, Outcome } from '@fermata/lambda-runtime/protocol'

/** Those in this replica who wait for an invocation's output. */
export interface OutputWaiters {
  /** Calls `done` at once when this replica closes the invocation. The answer takes it back. */
  wait(id: InvocationId, done: (outcome: Outcome) => void): () => void
  closed(id: InvocationId, outcome: Outcome): void
}

export function createOutputWaiters(): OutputWaiters {
  const waiting = new Map<InvocationId, Set<(outcome: Outcome) => void>>()
  return {
    wait(id, done) {
      const set = waiting.get(id) ?? new Set()
      waiting.set(id, set.add(done))
      return () => {
        set.delete(done)
        if (set.size === 0 && waiting.get(id) === set) waiting.delete(id)
      }
    },
    closed(id, outcome) {
      const set = waiting.get(id) ?? []
      waiting.delete(id)
      for (const done of set) done(outcome)
    },
  }
}
