import type { InvocationId, Segment } from '@fermata/lambda-runtime/protocol'
import { evolveAll } from '@fermata/orchestrator/domain/invocation/evolve'
import { canonical, type HistoryEvent } from './events.ts'

type Written = Extract<HistoryEvent, { what: 'segment' }>
type Gone = Extract<HistoryEvent, { what: 'segment-gone' }>

/** Journals as they grow: INV-1, 2 and 12. */
export class JournalRules {
  /** Of the life that is not over. */
  readonly journals = new Map<InvocationId, Segment[]>()
  /** Until when a life lasts, epoch ms. */
  readonly #expires = new Map<InvocationId, number>()

  /** Whether it stands there already: what is written again is its stamp. */
  isKnown({ invocation, segment }: Written): boolean {
    const known = this.journals.get(invocation) ?? []
    return known.some(({ n, born }) => n === segment.n && born === segment.born)
  }

  take(event: Written): readonly string[] {
    const { invocation: id, segment, expires } = event
    const found = this.#judge(event)
    if (segment.n === 0 && expires !== undefined) this.#expires.set(id, expires)
    return found
  }

  takeGone({ invocation, n }: Gone): readonly string[] {
    if (n === 0) this.journals.delete(invocation)
    return []
  }

  #judge(event: Written): readonly string[] {
    const { invocation: id, segment } = event
    const known = this.journals.get(id) ?? []
    const born = known[0]?.born ?? segment.born
    if (born !== segment.born) return this.#anotherLife(event)
    const before = known.find(({ n }) => n === segment.n)
    if (before !== undefined) {
      if (canonical(before) === canonical(segment)) return []
      return [`INV-1: segment ${segment.n} of ${id} was written twice`]
    }
    this.journals.set(id, known)
    const found = [
      ...(segment.n === known.length ? [] : [`INV-1: ${id} has a hole before ${segment.n}`]),
      ...attemptViolations(id, known, segment),
    ]
    known.push(segment)
    return found
  }

  #anotherLife({ invocation: id, segment, at }: Written): readonly string[] {
    const isOver = (this.#expires.get(id) ?? Number.POSITIVE_INFINITY) <= at
    if (segment.n > 0 || !isOver) {
      return [`INV-1: segment ${segment.n} of ${id} is of another life, and one is not over`]
    }
    this.journals.set(id, [segment])
    return []
  }
}

/** INV-2, INV-12: whoever appends has read what stands before, and so knows of any newer attempt, and of an end. */
function attemptViolations(
  id: InvocationId,
  known: readonly Segment[],
  segment: Segment,
): readonly string[] {
  const found: string[] = []
  const epoch = Math.max(0, ...known.map(begunBy))
  const begun = begunBy(segment)
  const isHandlers = segment.by === 'handler'
  if (isHandlers && segment.epoch < epoch) {
    found.push(`INV-2: ${id} ${segment.n} is of epoch ${segment.epoch}, after ${epoch} has begun`)
  }
  if (begun > 0 && begun <= epoch) {
    found.push(`INV-2: ${id} ${segment.n} begins epoch ${begun} after ${epoch}`)
  }
  if (isHandlers && hasEnded(known)) {
    found.push(`INV-2: ${id} ${segment.n} goes on after its attempt has ended`)
  }
  const isClosed = known.some(({ entries }) => entries.some(({ kind }) => kind === 'output'))
  if (isClosed && segment.entries.some(({ kind }) => kind === 'output' || kind === 'attempt')) {
    found.push(`INV-12: ${id} ${segment.n} goes on after the end`)
  }
  return found
}

/** INV-2, INV-12, and that it comes to its end (INV-10): to be asked when all is over. */
export function endViolations(id: InvocationId, segments: readonly Segment[]): readonly string[] {
  const state = evolveAll(segments)
  if (state === undefined) return [`INV-10: ${id} has a journal, but was never created`]
  const found = closedViolations(id, segments)
  if (state.phase.kind === 'closed') return found
  const phase = JSON.stringify(state.phase)
  return [`INV-10: ${id} has not come to an end: it is ${phase}`, ...found]
}

/** INV-2, INV-12: true at any time. */
export function closedViolations(
  id: InvocationId,
  segments: readonly Segment[],
): readonly string[] {
  const refused = evolveAll(segments)?.refused ?? new Set<number>()
  const ends = segments
    .filter(({ n }) => !refused.has(n))
    .flatMap(({ entries }) => entries)
    .filter(({ kind }) => kind === 'output')
  return [
    ...(ends.length > 1 ? [`INV-12: ${id} ended ${ends.length} times`] : []),
    ...[...refused].map((n) => `INV-2: segment ${n} of ${id} should not have been written`),
  ]
}

const ends: ReadonlySet<string> = new Set(['attempt-failed', 'suspended', 'paused', 'output'])

/** Whether no attempt runs. */
function hasEnded(segments: readonly Segment[]): boolean {
  const entries = segments.flatMap((segment) => segment.entries)
  const last = entries.findLast(({ kind }) => kind === 'attempt' || ends.has(kind))
  return last !== undefined && last.kind !== 'attempt'
}

/** The epoch that it begins; 0: none. */
function begunBy({ entries }: Segment): number {
  return Math.max(0, ...entries.map((entry) => (entry.kind === 'attempt' ? entry.epoch : 0)))
}
