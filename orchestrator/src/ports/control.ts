import type { InvocationId, Outcome, PromiseRef, Value } from '@fermata/lambda-runtime/protocol'

/** News from outside for running invocations and for durable promises: the ingress' needs. All throw FermataError. */
export interface News {
  /**
   * Sends a signal. Durable when it resolves. `signalId`: of two signals with one id the first counts.
   * @throws `invocation-not-found` | `invocation-closed`
   */
  signal(id: InvocationId, signal: SentSignal): Promise<void>
  /** As `InvocationControl.cancel`. */
  cancel(id: InvocationId, reason: string | undefined): Promise<void>
  /** The holder of the awakeable is still at it. @throws `awakeable-not-found` | `awakeable-completed` */
  heartbeat(awakeable: string): Promise<void>
  /**
   * Durable when it resolves; the first writer wins. `key`: whoever asks again with it gets the same answer.
   * @throws `promise-completed` | `handler-not-found`
   */
  completePromise(promise: PromiseRef, outcome: Outcome, key: string | undefined): Promise<void>
  /** What it came to; `undefined`: nothing yet. @throws `handler-not-found` */
  peekPromise(promise: PromiseRef): Promise<Outcome | undefined>
}

export type SentSignal = {
  readonly name: string
  readonly value: Value
  readonly signalId: string | undefined
}

/** What operators do to single invocations. Durable when it resolves. All throw FermataError. */
export interface InvocationControl {
  /**
   * Its handler gets a CancelledError, once, and may make up for what it has done; what it called is cancelled, too.
   * One that has not started ends at once.
   * @throws `invocation-not-found` | `invocation-closed`
   */
  cancel(id: InvocationId, reason: string | undefined): Promise<void>
  /** Ends it at once, and what it called. @throws `invocation-not-found` | `invocation-closed` */
  kill(id: InvocationId, reason: string | undefined): Promise<void>
  /**
   * It does nothing more until it is resumed. @throws `invocation-not-found` | `invocation-closed` | `invocation-queued`
   */
  pause(id: InvocationId, reason: string | undefined): Promise<void>
  /**
   * Ends a pause: the next attempt starts now, and from now on on `deployment`, if that is given.
   * @throws `invocation-not-found` | `invocation-not-paused` | `deployment-not-found` | `handler-not-found`
   */
  resume(id: InvocationId, options?: { readonly deployment: string | undefined }): Promise<void>
  /**
   * Does a closed one's work again, as a new invocation. @throws `invocation-not-found` | `invocation-not-closed` |
   * `restart-refused`
   */
  restart(id: InvocationId, options: RestartOptions): Promise<Restarted>
  /** Forgets a closed one. @throws `invocation-not-found` | `invocation-not-closed` */
  purge(id: InvocationId): Promise<void>
}

export type RestartOptions = {
  /** The results of the ops before this one are kept; 0 or `undefined`: none are. */
  readonly from: number | undefined
  /** Whoever asks again with it gets the same invocation. */
  readonly idempotencyKey: string | undefined
}

export type Restarted = {
  readonly invocationId: InvocationId
  readonly status: 'accepted' | 'previously_accepted'
  /** The op that it does anew first: the first one before `from` without a result, else `from`. */
  readonly from: number
}

/** An op that an invocation waits for, as far as its journal tells. Times are epoch ms. */
export type PendingWait =
  | { readonly op: number; readonly kind: 'sleep'; readonly wakeAt: number }
  | {
      readonly op: number
      readonly kind: 'call'
      readonly invocation: InvocationId
      readonly target: { readonly service: string; readonly handler: string; readonly key?: string }
    }
  | { readonly op: number; readonly kind: 'promise'; readonly promise: PromiseRef }
  | { readonly op: number; readonly kind: 'signal'; readonly name: string }
  | { readonly op: number; readonly kind: 'awakeable'; readonly silentAt?: number }
