import type { ThrottleReason } from './api-error.ts'

/** Something that goes wrong with one call of a function. */
export type Fault = FaultKind & {
  /** Which calls it waits for; by default the next. */
  readonly when?: (payload: string) => boolean
}

export type FaultKind =
  /** 429, whatever the concurrency. */
  | {
      readonly kind: 'throttle'
      readonly reason?: ThrottleReason
      readonly retryAfterSeconds?: number
    }
  /** 500 ServiceException; the handler does not run. */
  | { readonly kind: 'service-error' }
  /** The connection is cut before the handler runs. */
  | { readonly kind: 'drop-request' }
  /** The handler runs to its end; then the connection is cut instead of a reply. */
  | { readonly kind: 'drop-reply' }
  /** The handler runs to its end; the reply leaves only when this is fulfilled. */
  | { readonly kind: 'hold-reply'; readonly until: Promise<unknown> }
  /** Delivered twice, to two workers at once. The caller gets the reply of the first, or its twin's. */
  | { readonly kind: 'twin'; readonly reply?: 'first' | 'second' }

/** The faults that wait for one function's calls, oldest first. */
export class FaultQueue {
  readonly #waiting: Fault[] = []

  add(fault: Fault, times: number): void {
    for (let added = 0; added < times; added += 1) this.#waiting.push(fault)
  }

  /** The oldest fault that this call meets; each is met once. */
  take(payload: string): Fault | undefined {
    const index = this.#waiting.findIndex(({ when }) => when === undefined || when(payload))
    return index < 0 ? undefined : this.#waiting.splice(index, 1)[0]
  }
}
