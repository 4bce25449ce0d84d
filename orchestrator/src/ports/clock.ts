/** Time, as the engine sees it. A simulation brings its own. */
export interface Clock {
  /** Epoch ms. Never compared between machines where it decides (leases use `monotonic`). */
  now(): number
  /** Ms from an arbitrary start; never goes back. */
  monotonic(): number
  /** Calls `fn` once after `ms`. The answer cancels it. It does not keep the process alive. */
  timer(ms: number, fn: () => void): () => void
  /** Resolves after `ms`, or at once when `signal` aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  bytes(count: number): Uint8Array
  /** A short text, unique among all writers of the system. */
  nonce(): string
}
