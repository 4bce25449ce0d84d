import type { Entry, Failure, InvokeRequest, Segment, Value } from '../protocol/index.ts'

/** A running handler's way to its own journal. Both answer with what is durable. */
export interface HandlerJournal {
  /**
   * Writes segment `n` if nothing of this life stands there. `appended` also when this very segment (same `born`,
   * `n`, `writer`) turns out to be stored already: the answer to an earlier try was lost (INV-1).
   */
  append(segment: Segment): Promise<'appended' | 'conflict'>
  /** The segments from `from` on, and before `before`, in order, read consistently. */
  tail(from: number, before?: number): Promise<readonly Segment[]>
  /** A value of the object's state that has an item of its own; `undefined` if it is gone: the state has moved on. */
  stateValue(name: string, slot: number): Promise<Value | undefined>
}

/** How values are stored: sealed, or kept elsewhere where they are too long. The handler itself sees neither. */
export interface AttemptPayloads {
  openRequest(request: InvokeRequest): Promise<InvokeRequest>
  open(segments: readonly Segment[]): Promise<readonly Segment[]>
  openValue(value: Value): Promise<Value>
  /** The same entry gives the same again: what is appended anew must not differ (INV-1). */
  pack(entries: readonly Entry[]): Promise<readonly Entry[]>
  packFailure(failure: Failure): Promise<Failure>
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
