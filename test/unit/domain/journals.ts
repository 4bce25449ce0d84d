import type { Entry, EntryOf, InvocationId, Segment } from '@fermata/lambda-runtime/protocol'
import { decide } from '@fermata/orchestrator/domain/invocation/decide'
import { evolveAll } from '@fermata/orchestrator/domain/invocation/evolve'
import type { InvocationState } from '@fermata/orchestrator/domain/invocation/state'
import type { Context, Stimulus } from '@fermata/orchestrator/domain/invocation/stimulus'
import type { RetryPolicy } from '@fermata/orchestrator/domain/retry'

export const invocationId = `orders.${'0'.repeat(26)}` as InvocationId
export const otherId = `orders.${'1'.repeat(26)}` as InvocationId

export const created: EntryOf<'created'> = {
  kind: 'created',
  target: { service: 'orders', handler: 'process' },
  input: { json: 1 },
  headers: {},
  origin: { kind: 'http' },
  retentionMs: 1_000,
}

export const retry: RetryPolicy = {
  initialDelayMs: 100,
  factor: 2,
  maxDelayMs: 1_000,
  maxAttempts: 3,
  maxDurationMs: Number.POSITIVE_INFINITY,
  jitter: 0,
  onExhaustion: 'pause',
}

export const leave = { deployment: 'dp_2', deadline: 9_999 }

export function context(changes: Partial<Context> = {}): Context {
  return { now: 1_000, leave, retry, chance: 0, ...changes }
}

export function attempt(epoch: number): EntryOf<'attempt'> {
  return { kind: 'attempt', epoch, deployment: 'dp_1' }
}

export function run(op: number): EntryOf<'run'> {
  const result = { kind: 'value', value: { json: op } } as const
  return { kind: 'run', op, name: `step ${op}`, result, at: 10, after: op + 1 }
}

export function suspendedOn(waitingOn: EntryOf<'suspended'>['waitingOn']): EntryOf<'suspended'> {
  return { kind: 'suspended', waitingOn }
}

type Draft = Partial<Omit<Segment, 'entries' | 'n'>>

/** Segments 0, 1, 2 …; each is the orchestrator's unless the draft before its entries says otherwise. */
export function journal(...drafts: readonly (readonly [Draft, ...Entry[]])[]): Segment[] {
  return drafts.map(([draft, ...entries], n) => ({
    protocol: 1,
    n,
    born: 'b',
    epoch: 0,
    by: 'orchestrator',
    writer: `w${n}`,
    at: 100 * (n + 1),
    ...draft,
    entries,
  }))
}

/** A handler segment's draft. */
export function handler(epoch: number, writer = 'h'): Draft {
  return { by: 'handler', epoch, writer }
}

export function fold(segments: readonly Segment[]): InvocationState {
  const state = evolveAll(segments)
  if (state === undefined) throw new Error('the journal has no created entry')
  return state
}

/** What is appended when `stimulus` reaches a journal of these segments. */
export function decided(
  segments: readonly Segment[],
  stimulus: Stimulus,
  changes: Partial<Context> = {},
): readonly Entry[] {
  return decide(fold(segments), stimulus, context(changes)).entries
}
