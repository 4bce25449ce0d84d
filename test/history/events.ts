import type {
  InvocationId,
  Outcome,
  PromiseRef,
  Segment,
  Value,
} from '@fermata/lambda-runtime/protocol'
import type { ObjectHead, ObjectRef, Slot } from '@fermata/orchestrator/ports'

/** One place in a Kafka topic, as one subscription reads it. Offsets are decimal text: they outgrow a double. */
export type RecordPosition = {
  readonly subscription: string
  readonly topic: string
  readonly partition: number
  readonly offset: string
}

/** What became durable, or was seen from outside. The order of a history is the order in which it became so. */
export type Happening =
  /** `expires` (epoch ms) stands in segment 0 alone. The same segment again is a new stamp. */
  | {
      readonly what: 'segment'
      readonly invocation: InvocationId
      readonly segment: Segment
      readonly expires?: number
    }
  | { readonly what: 'segment-gone'; readonly invocation: InvocationId; readonly n: number }
  | { readonly what: 'slot'; readonly object: ObjectRef; readonly slot: Slot }
  | { readonly what: 'head'; readonly object: ObjectRef; readonly head: ObjectHead }
  /** A large value of an object's state, in an item of its own. */
  | {
      readonly what: 'value'
      readonly object: ObjectRef
      readonly name: string
      readonly slot: number
      readonly value: Value
    }
  /** `by`: whoever completed it. `expires`: epoch ms. */
  | {
      readonly what: 'promise'
      readonly promise: PromiseRef
      readonly outcome: Outcome
      readonly by: string
      readonly expires: number
    }
  | { readonly what: 'promise-gone'; readonly promise: PromiseRef }
  /** The partition holds records with all offsets below `end`. */
  | {
      readonly what: 'records'
      readonly topic: string
      readonly partition: number
      readonly end: string
    }
  /** It was put aside. */
  | ({ readonly what: 'dead' } & RecordPosition)
  /** The group had committed all below `offset` before this. */
  | ({ readonly what: 'committed' } & RecordPosition)
  | ({ readonly what: 'effect' } & Effect)
  /** A client was told that it is. */
  | { readonly what: 'accepted'; readonly invocation: InvocationId }
  /** A client was told its output: JSON. */
  | { readonly what: 'answered'; readonly invocation: InvocationId; readonly value: unknown }

/** Something that a step did in the world outside, which asks for an idempotency key. */
export type Effect = {
  readonly key: string
  readonly body: unknown
  /** Whose step it was, where the key tells. */
  readonly step?: { readonly invocation: InvocationId; readonly name: string }
  /** Steps whose results its handler had in hand when this one started. */
  readonly after?: readonly string[]
}

export type HistoryEvent = {
  /** Epoch ms on the clock of whoever wrote it; in a simulation ms since its start. */
  readonly at: number
  readonly who: string
} & Happening

/** JSON text that does not depend on the order in which an object got its keys. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}
