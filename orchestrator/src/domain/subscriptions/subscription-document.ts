import { type Failure, failureSchema, type Json } from '@fermata/lambda-runtime/protocol'
import * as v from 'valibot'
import { FermataError } from '../errors.ts'
import {
  isSameSubscription,
  parseSubscription,
  type Subscription,
  stateSubscription,
} from './subscription.ts'

export type SubscriptionState =
  | { readonly kind: 'active' }
  /** No replica consumes it until somebody subscribes again. */
  | { readonly kind: 'stopped'; readonly failure: Failure }
  /** Kept, so that a later one of the same name goes on with the generation. */
  | { readonly kind: 'removed' }

/** Who asked for it. */
export type SubscribedBy = 'configuration' | 'admin'

/** A subscription as the registry keeps it. */
export type SubscriptionDocument = {
  readonly subscription: Subscription
  /** Part of the invocation ids: raised, the same positions of the topic mean new invocations. */
  readonly generation: number
  readonly by: SubscribedBy
  readonly state: SubscriptionState
}

const schema = v.object({
  generation: v.pipe(v.number(), v.integer(), v.minValue(0)),
  by: v.picklist(['configuration', 'admin']),
  state: v.variant('kind', [
    v.object({ kind: v.literal('active') }),
    v.object({ kind: v.literal('stopped'), failure: failureSchema }),
    v.object({ kind: v.literal('removed') }),
  ]),
})

export function encodeSubscriptionDocument(document: SubscriptionDocument): Json {
  const { subscription, ...rest } = document
  const { name: _, ...stated } = stateSubscription(subscription)
  return JSON.parse(JSON.stringify({ ...stated, ...rest }))
}

/** `undefined` for a document that cannot be read. */
export function decodeSubscriptionDocument(
  name: string,
  body: Json,
): SubscriptionDocument | undefined {
  const parsed = v.safeParse(schema, body)
  if (!parsed.success || typeof body !== 'object') return undefined
  try {
    return { ...parsed.output, subscription: parseSubscription({ ...body, name }) }
  } catch {
    return undefined
  }
}

/**
 * What the registry should hold once `wanted` is subscribed to; `undefined` when that is so already.
 *
 * - An administrator who subscribes again starts a stopped subscription again. Where it stopped because
 *   the topic is another one, the generation rises: its records are new, whatever their offsets.
 * - A configuration may change what a configuration has made, and never starts what has stopped: it is
 *   read at every start, by every replica.
 *
 * @throws FermataError `subscription-exists`
 */
export function decideSubscribe(
  existing: SubscriptionDocument | undefined,
  wanted: Subscription,
  by: SubscribedBy,
): SubscriptionDocument | undefined {
  const fresh = { subscription: wanted, generation: existing?.generation ?? 0, by, state: active }
  if (existing === undefined || existing.state.kind === 'removed') return fresh
  if (!isSameSubscription(existing.subscription, wanted)) {
    if (by === 'configuration' && existing.by === 'configuration') return fresh
    throw new FermataError('subscription-exists', describeConflict(existing.subscription, wanted))
  }
  if (existing.state.kind === 'active' || by === 'configuration') return undefined
  const recreated = existing.state.failure.code === 'topic-recreated'
  return { ...existing, generation: existing.generation + (recreated ? 1 : 0), state: active }
}

const active: SubscriptionState = { kind: 'active' }

function describeConflict(existing: Subscription, wanted: Subscription): string {
  return (
    `Subscription "${wanted.name}" is ${describe(existing)}, not ${describe(wanted)}: ` +
    'remove it first, or take another name'
  )
}

function describe(subscription: Subscription): string {
  const { source, sink, options } = stateSubscription(subscription)
  return `${source} to ${sink} ${JSON.stringify(options)}`
}
