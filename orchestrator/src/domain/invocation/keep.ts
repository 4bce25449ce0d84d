import type { Entry, EntryKind, EntryOf, Segment } from '@fermata/lambda-runtime/protocol'

/** The beginning of a journal that a new invocation takes over. */
export type KeptPrefix = {
  /** The first op that is done anew. */
  readonly from: number
  /** What its journal begins with: one list for each segment. */
  readonly segments: readonly (readonly Entry[])[]
  /** Whether an op on the object's state is among what is kept. */
  readonly hasState: boolean
}

/** Ops whose entry tells the result, or that have none. */
const withResult: ReadonlySet<EntryKind> = new Set([
  'run',
  'state-get',
  'state-keys',
  'send',
  'awakeable-complete',
  'state-set',
  'state-clear',
  'state-clear-all',
  'signal-send',
  'cancel-invocation',
])
/** Ops that wait for news. */
const awaited: ReadonlySet<EntryKind> = new Set([
  'sleep',
  'call',
  'awakeable',
  'attach',
  'promise-get',
  'promise-peek',
  'promise-complete',
])
const ofState: ReadonlySet<EntryKind> = new Set([
  'state-get',
  'state-keys',
  'state-set',
  'state-clear',
  'state-clear-all',
])

type Op = Extract<Entry, { readonly op: number }>

/**
 * What of a journal stands before op `from`: ops that have a result, up to the first that has none, or to where the
 * handler was cancelled. Pure: whoever copies it twice copies the same.
 */
export function keepBefore(
  segments: readonly Segment[],
  refused: ReadonlySet<number>,
  from: number,
): KeptPrefix {
  const valid = segments.filter(({ n }) => !refused.has(n))
  const entries = valid.flatMap((segment) => segment.entries)
  const cut = cutOf(entries, from)
  const keep = createFilter(entries, cut)
  const lists: Entry[][] = []
  for (const segment of valid) {
    const kept = segment.entries.flatMap((entry) => keep(entry, lists.length))
    if (kept.length > 0) lists.push(kept)
  }
  const hasState = lists.some((list) => list.some(({ kind }) => ofState.has(kind)))
  return { from: cut, segments: lists, hasState }
}

function cutOf(entries: readonly Entry[], from: number): number {
  const done = doneOps(entries)
  const cancelled = entries.find((entry) => entry.kind === 'cancelled')
  for (const op of rejectedOps(entries)) done.delete(op)
  const limit = Math.min(from, cancelled?.after ?? from)
  for (let op = 0; op < limit; op++) if (!done.has(op)) return op
  return limit
}

function doneOps(entries: readonly Entry[]): Set<number> {
  const done = new Set<number>(answeredWaits(entries))
  const waiting = new Set<number>()
  const early = new Set<number>()
  for (const entry of entries) {
    const { kind } = entry
    if (!('op' in entry)) continue
    if (kind === 'completion') (waiting.has(entry.op) ? done : early).add(entry.op)
    else if (withResult.has(kind)) done.add(entry.op)
    else if (awaited.has(kind)) waiting.add(entry.op)
    // Of other ops, what was said before they were there is nothing to them.
    if (kind === 'awakeable' && early.has(entry.op)) done.add(entry.op)
  }
  return done
}

/**
 * Ops that a cancellation took from the handler. Their results may be there all the same, and tell of that cancellation:
 * that their callees were cancelled, that a step was given up.
 */
function rejectedOps(entries: readonly Entry[]): readonly number[] {
  const at = entries.findIndex(({ kind }) => kind === 'cancelled')
  const marker = entries[at]
  if (marker?.kind !== 'cancelled') return []
  const kept = new Set(marker.spared)
  for (const entry of entries.slice(0, at)) if (entry.kind === 'seen') kept.add(entry.op)
  const later = entries.slice(at).flatMap((entry) => (isGivenUp(entry) ? [entry.op] : []))
  const waits = entries.filter(isWait).map(({ op }) => op)
  return [...waits.filter((op) => op < marker.after && !kept.has(op)), ...later]
}

function isWait(entry: Entry): entry is Op {
  return awaited.has(entry.kind) || entry.kind === 'signal-wait'
}

function isGivenUp(entry: Entry): entry is EntryOf<'run'> {
  if (entry.kind !== 'run' || entry.result.kind !== 'failure') return false
  return entry.result.failure.code === 'cancelled'
}

/** The k-th wait for a name has the k-th signal of that name. */
function answeredWaits(entries: readonly Entry[]): readonly number[] {
  const left = new Map<string, number>()
  for (const { name } of signalsOf(entries)) left.set(name, (left.get(name) ?? 0) + 1)
  return entries.flatMap((entry) => {
    const early = entry.kind === 'signal-wait' ? (left.get(entry.name) ?? 0) : 0
    if (entry.kind !== 'signal-wait' || early === 0) return []
    left.set(entry.name, early - 1)
    return [entry.op]
  })
}

function signalsOf(entries: readonly Entry[]): readonly EntryOf<'signal'>[] {
  const known = new Set<string>()
  return entries.filter((entry): entry is EntryOf<'signal'> => {
    if (entry.kind !== 'signal' || (entry.id !== undefined && known.has(entry.id))) return false
    if (entry.id !== undefined) known.add(entry.id)
    return true
  })
}

type Filter = (entry: Entry, n: number) => readonly Entry[]

/** `n`: the number of the segment that the entry comes to stand in. */
function createFilter(entries: readonly Entry[], cut: number): Filter {
  const wanted = new Map<string, number>()
  for (const entry of entries) {
    if (entry.kind !== 'signal-wait' || entry.op >= cut) continue
    wanted.set(entry.name, (wanted.get(entry.name) ?? 0) + 1)
  }
  const signals = new Set<Entry>(signalsOf(entries))
  const takeSignal = (entry: EntryOf<'signal'>): readonly Entry[] => {
    const left = wanted.get(entry.name) ?? 0
    if (left === 0 || !signals.has(entry)) return []
    wanted.set(entry.name, left - 1)
    return [entry]
  }
  return (entry, n) => {
    if (entry.kind === 'signal') return takeSignal(entry)
    if (!('op' in entry) || entry.op >= cut) return []
    return keepOp(entry, cut, n)
  }
}

function keepOp(entry: Op, cut: number, n: number): readonly Entry[] {
  switch (entry.kind) {
    case 'run':
    case 'state-get':
    case 'state-keys':
      // Handed out later, when more had been issued: it is handed out before any of that, which is as good.
      return [{ ...entry, after: Math.min(entry.after, cut) }]
    case 'seen':
      return entry.after > cut ? [] : [{ ...entry, upTo: n }]
    case 'run-started':
    case 'run-failed':
    case 'heartbeat':
    case 'waiter':
      return []
    default:
      return [entry]
  }
}
