import type { Segment } from '../protocol/index.ts'

/** A running handler's way to its own journal. Both answer with what is durable. */
export interface HandlerJournal {
  /**
   * Writes segment `n` if nothing of this life stands there. `appended` also when this very segment (same `born`,
   * `n`, `writer`) turns out to be stored already: the answer to an earlier try was lost (INV-1).
   */
  append(segment: Segment): Promise<'appended' | 'conflict'>
  /** The segments from `from` on, in order, read consistently. */
  tail(from: number): Promise<readonly Segment[]>
}

/** Time, timers and chance for one attempt; a simulation brings its own. */
export interface HandlerHost {
  /** Epoch ms. */
  now(): number
  /** Calls `fn` once after `ms`; the answer cancels it. */
  timer(ms: number, fn: () => void): () => void
  /** Resolves when every microtask queued so far, and those they queue, have run. */
  drained(): Promise<void>
  /** A short text, unique among all attempts of the system. */
  nonce(): string
  /** Ms until the platform ends this attempt; `Infinity` where it does not. */
  remainingMs(): number
}
