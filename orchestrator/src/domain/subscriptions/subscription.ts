import * as v from 'valibot'
import { FermataError } from '../errors.ts'
import {
  subscriptionFields,
  subscriptionOptionFields,
  subscriptionOwner,
} from '../subscription-schema.ts'

/** A subscription with nothing left open. */
export type Subscription = {
  readonly name: string
  readonly cluster: string
  readonly topic: string
  readonly service: string
  readonly handler: string
  readonly startFrom: 'earliest' | 'latest'
  /** How many of its invocations may run at a time, on one replica. */
  readonly running: number | undefined
  /** Who looks after it, where that is a program. */
  readonly owner?: string
}

/** A subscription as its owner states it. */
export type StatedSubscription = {
  readonly name: string
  readonly source: string
  readonly sink: string
  readonly options: {
    readonly startFrom: 'earliest' | 'latest'
    readonly limits?: { readonly running: number }
    readonly owner?: string
  }
}

const schema = v.object({
  ...subscriptionFields,
  options: v.exactOptional(
    v.object({ ...subscriptionOptionFields, owner: v.exactOptional(subscriptionOwner) }),
  ),
})

/**
 * Reads what somebody wants to subscribe to. `clusters` are the configured ones, where they are known.
 *
 * @throws FermataError `subscription-invalid`, which names every mistake
 */
export function parseSubscription(input: unknown, clusters?: readonly string[]): Subscription {
  const parsed = v.safeParse(schema, input)
  const mistakes = parsed.success ? [] : parsed.issues.map(describeIssue)
  const cluster = clusterOf(input)
  if (cluster !== undefined && clusters !== undefined && !clusters.includes(cluster)) {
    mistakes.push(`source: no cluster "${cluster}" is configured (${listOf(clusters)})`)
  }
  if (!parsed.success || mistakes.length > 0) {
    throw new FermataError('subscription-invalid', mistakes.join('; '))
  }
  return resolve(parsed.output)
}

/** The statement that `parseSubscription` reads back. */
export function stateSubscription(subscription: Subscription): StatedSubscription {
  const { name, cluster, topic, service, handler, startFrom, running, owner } = subscription
  const limits = running === undefined ? {} : { limits: { running } }
  return {
    name,
    source: `kafka://${cluster}/${topic}`,
    sink: `${service}/${handler}`,
    options: { startFrom, ...limits, ...(owner === undefined ? {} : { owner }) },
  }
}

/** Whether two ask for the same thing. */
export function isSameSubscription(a: Subscription, b: Subscription): boolean {
  return JSON.stringify(stateSubscription(a)) === JSON.stringify(stateSubscription(b))
}

/** The consumer group follows from the name, so that recreating a subscription does not replay the past. */
export function groupIdOf(name: string): string {
  return `fermata.${name}`
}

function resolve(stated: v.InferOutput<typeof schema>): Subscription {
  const [service, handler] = twoParts(stated.sink)
  const owner = stated.options?.owner
  return {
    name: stated.name,
    ...resolveSource(stated.source),
    service,
    handler,
    startFrom: stated.options?.startFrom ?? 'earliest',
    running: stated.options?.limits?.running,
    ...(owner === undefined ? {} : { owner }),
  }
}

function clusterOf(input: unknown): string | undefined {
  const parsed = v.safeParse(v.object({ source: subscriptionFields.source }), input)
  return parsed.success ? resolveSource(parsed.output.source).cluster : undefined
}

function resolveSource(source: string): { cluster: string; topic: string } {
  const [cluster, topic] = twoParts(source.slice('kafka://'.length))
  return { cluster, topic }
}

function twoParts(text: string): [string, string] {
  const at = text.indexOf('/')
  return [text.slice(0, at), text.slice(at + 1)]
}

function describeIssue(issue: v.BaseIssue<unknown>): string {
  return `${v.getDotPath(issue) ?? 'subscription'}: ${issue.message}`
}

function listOf(clusters: readonly string[]): string {
  return clusters.length === 0 ? 'none is' : `there are: ${clusters.join(', ')}`
}
