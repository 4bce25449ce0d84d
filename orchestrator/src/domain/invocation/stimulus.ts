import type {
  Entry,
  EntryOf,
  Failure,
  InvokeReply,
  Outcome,
  Value,
} from '@fermata/lambda-runtime/protocol'
import type { RetryPolicy } from '../retry.ts'

/** Leave to run one attempt: where, and until when (epoch ms). */
export type Leave = { readonly deployment: string; readonly deadline: number }

export type Context = {
  readonly now: number
  /** Given: a permit is at hand, so what can move may be started (an `attempt` never waits in a queue). */
  readonly leave: Leave | undefined
  readonly retry: RetryPolicy
  /** Uniform in [0, 1): the retry's jitter. */
  readonly chance: number
}

export type Stimulus =
  /** Look at it: do what is due. */
  | { readonly kind: 'wake' }
  | { readonly kind: 'reply'; readonly reply: InvokeReply }
  /** The attempt `epoch` is over without a reply. */
  | { readonly kind: 'attempt-over'; readonly epoch: number; readonly failure: Failure }
  /** The attempt `epoch` is taken for dead: the next one fences it. */
  | { readonly kind: 'attempt-dead'; readonly epoch: number }
  | {
      readonly kind: 'completion'
      readonly op: number
      readonly outcome: Outcome
      /** It came by an awakeable's id, which anybody may have made up. */
      readonly by?: 'awakeable-id'
      /** Whoever asks again with it is told that it was he. */
      readonly key?: string | undefined
    }
  | { readonly kind: 'waiter'; readonly invocation: InvokeReply['invocation']; readonly op: number }
  /** `id`: of two signals with one id the first counts. */
  | {
      readonly kind: 'signal'
      readonly name: string
      readonly value: Value
      readonly id: string | undefined
    }
  /** The holder of the awakeable `op` is still at it. */
  | { readonly kind: 'heartbeat'; readonly op: number }
  /** Its handler gets a CancelledError; one that has not started ends at once. */
  | { readonly kind: 'cancel'; readonly reason: string | undefined }
  /** It ends at once, whatever it does. */
  | { readonly kind: 'kill'; readonly reason: string | undefined }
  /** A person ends a pause. */
  | { readonly kind: 'resume' }
  | { readonly kind: 'pause'; readonly reason: Failure }
  /** Its turn has come at last: `created` names its slot. */
  | { readonly kind: 'place'; readonly created: EntryOf<'created'> }

export type Decision = {
  /** What to append, in one segment; empty: nothing. */
  readonly entries: readonly Entry[]
  /** The handler's writer, when the segment is made from its reply. */
  readonly handler?: { readonly writer: string }
}

export const nothing: Decision = { entries: [] }
