/** What one function, all its versions together, has seen. */
export interface FunctionStatistics {
  /** Handlers started; a twin counts. */
  readonly invocations: number
  /** Replies with `X-Amz-Function-Error`: thrown errors, timeouts, exits. */
  readonly functionErrors: number
  readonly coldStarts: number
  /** Calls answered 429. */
  readonly throttles: number
  /** Requests in hand now, those that wait for a cold start included. */
  readonly concurrent: number
  readonly peakConcurrent: number
  /** Bytes of request bodies, throttled calls included. */
  readonly bytesIn: number
  /** Bytes of replies. */
  readonly bytesOut: number
}

type Counter = Exclude<keyof FunctionStatistics, 'concurrent' | 'peakConcurrent'>

const zero: FunctionStatistics = {
  invocations: 0,
  functionErrors: 0,
  coldStarts: 0,
  throttles: 0,
  concurrent: 0,
  peakConcurrent: 0,
  bytesIn: 0,
  bytesOut: 0,
}

export class StatisticsRecorder {
  #counts: { -readonly [Name in keyof FunctionStatistics]: number } = { ...zero }

  get concurrent(): number {
    return this.#counts.concurrent
  }

  add(counter: Counter, amount = 1): void {
    this.#counts[counter] += amount
  }

  enter(): void {
    this.#counts.concurrent += 1
    this.#counts.peakConcurrent = Math.max(this.#counts.peakConcurrent, this.#counts.concurrent)
  }

  leave(): void {
    this.#counts.concurrent -= 1
  }

  snapshot(): FunctionStatistics {
    return { ...this.#counts }
  }

  /** Starts counting afresh; what is in hand stays in hand. */
  reset(): void {
    const { concurrent } = this.#counts
    this.#counts = { ...zero, concurrent, peakConcurrent: concurrent }
  }
}
