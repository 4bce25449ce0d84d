import {
  childIdFor,
  type Entry,
  type InvocationId,
  type Segment,
  type Waiting,
} from '@fermata/lambda-runtime/protocol'
import { evolveAll } from '@fermata/orchestrator/domain/invocation/evolve'

type Journals = ReadonlyMap<InvocationId, readonly Segment[]>

/** A little later than at once: what takes longer waited for somebody to find it. */
const promptMs = 2_500

/**
 * Nothing happens before its time. For seeds in which all clocks agree: a time is set by one and judged by another.
 */
export function earlyViolations(journals: Journals): readonly string[] {
  return [...journals].flatMap(([id, segments]) => [
    ...earlySleeps(id, segments),
    ...earlyAttempts(id, segments),
    ...earlyChildren(journals, id, segments),
  ])
}

function earlySleeps(id: InvocationId, segments: readonly Segment[]): readonly string[] {
  const wakes = new Map<number, number>()
  return segments.flatMap(({ at, entries }) =>
    entries.flatMap((entry) => {
      if (entry.kind === 'sleep') wakes.set(entry.op, entry.wakeAt)
      const wakeAt = entry.kind === 'completion' ? wakes.get(entry.op) : undefined
      return wakeAt === undefined || at >= wakeAt
        ? []
        : [
            `op ${entry.kind === 'completion' ? entry.op : 0} of ${id} wakes ${wakeAt - at} ms early`,
          ]
    }),
  )
}

/** An attempt after a failure, and the first one of what was to wait. Who is to be cancelled does not wait. */
function earlyAttempts(id: InvocationId, segments: readonly Segment[]): readonly string[] {
  let from = 0
  const found: string[] = []
  for (const { at, entries } of segments) {
    for (const entry of entries) {
      if (entry.kind === 'cancel') return found
      if (entry.kind === 'attempt' && at < from) {
        found.push(`an attempt of ${id} is ${from - at} ms early`)
      }
      from = notBefore(entry) ?? from
    }
  }
  return found
}

function notBefore(entry: Entry): number | undefined {
  if (entry.kind === 'created') return entry.notBefore
  if (entry.kind === 'attempt-failed') return entry.retryAt
  return entry.kind === 'paused' ? 0 : undefined
}

function earlyChildren(
  journals: Journals,
  id: InvocationId,
  segments: readonly Segment[],
): readonly string[] {
  return segments.flatMap(({ entries }) =>
    entries.flatMap((entry) => {
      if (entry.kind !== 'send' || entry.notBefore === undefined) return []
      const { target, op, idempotencyKey } = entry
      const child = childIdFor(target, { parent: id, op, idempotencyKey })
      const begun = (journals.get(child) ?? []).find(begins)
      if (begun === undefined || begun.at >= entry.notBefore) return []
      return [`${child} was sent for later, and begins ${entry.notBefore - begun.at} ms early`]
    }),
  )
}

function begins({ entries }: Segment): boolean {
  return entries.some(({ kind }) => kind === 'attempt')
}

/**
 * Where nothing goes wrong, and there is room for all, what can go on goes on at once. What is only found by whoever looks
 * after the dead would be found, too, and nobody would ever see that it was lost.
 */
export function lateViolations(journals: Journals): readonly string[] {
  return [...journals].flatMap(([id, segments]) => [
    ...lateAttempts(id, segments),
    ...lateAnswers(journals, id, segments),
  ])
}

/** What the next attempt waits for. */
type Pending = {
  /** From when on it could begin, as far as is known (epoch ms). */
  readonly ready: number
  readonly timers: readonly number[]
}

function lateAttempts(id: InvocationId, segments: readonly Segment[]): readonly string[] {
  let pending: Pending | undefined
  const wakes = new Map<number, number>()
  const found: string[] = []
  for (const segment of segments) {
    const { at } = segment
    for (const entry of segment.entries) {
      if (entry.kind === 'sleep') wakes.set(entry.op, entry.wakeAt)
      if (entry.kind === 'attempt' && pending !== undefined) {
        const due = Math.max(pending.ready, ...pending.timers.filter((time) => time <= at))
        if (at - due > promptMs) found.push(`an attempt of ${id} begins ${at - due} ms late`)
      }
      pending = next(pending, entry, at, wakes)
    }
  }
  return found
}

function next(
  pending: Pending | undefined,
  entry: Entry,
  at: number,
  wakes: ReadonlyMap<number, number>,
): Pending | undefined {
  switch (entry.kind) {
    case 'created':
      return { ready: Math.max(at, entry.notBefore ?? 0), timers: [] }
    case 'suspended':
      return { ready: at, timers: timersOf(entry.waitingOn) }
    case 'attempt-failed':
      return { ready: entry.retryAt, timers: [] }
    case 'attempt':
    case 'output':
    case 'paused':
      return undefined
    case 'completion': {
      // A sleep is completed when somebody looks: it was over before.
      const ready = wakes.get(entry.op) ?? at
      return pending && { ...pending, ready: Math.max(pending.ready, Math.min(ready, at)) }
    }
    case 'signal':
    case 'cancel':
      return pending && { ...pending, ready: Math.max(pending.ready, at) }
    case 'heartbeat':
      return pending && { ...pending, ready: Number.POSITIVE_INFINITY }
    default:
      return pending
  }
}

function timersOf(waiting: Waiting): readonly number[] {
  if (waiting.kind === 'timer') return [waiting.at]
  return waiting.kind === 'op' ? [] : waiting.of.flatMap(timersOf)
}

/** A caller hears of what came of his call when that is there. */
function lateAnswers(
  journals: Journals,
  id: InvocationId,
  segments: readonly Segment[],
): readonly string[] {
  const { origin } = evolveAll(segments)?.created ?? {}
  if (origin?.kind !== 'call') return []
  const ended = segments.find(({ entries }) => entries.some(({ kind }) => kind === 'output'))
  const heard = journals
    .get(origin.invocation)
    ?.find(({ entries }) =>
      entries.some((entry) => entry.kind === 'completion' && entry.op === origin.op),
    )
  if (ended === undefined || heard === undefined || heard.at - ended.at <= promptMs) return []
  return [`${origin.invocation} hears of ${id} ${heard.at - ended.at} ms late`]
}
