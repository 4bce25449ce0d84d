import type { Segment } from '../protocol/index.ts'
import type { StoredSegment } from './segment-item.ts'

/**
 * What it means that an item already stands where a segment should go (INV-1).
 *
 * - `ours`: this very segment; the answer to an earlier try was lost. Another one of the same writer is not: what a
 *   handler could not append it replies, and the orchestrator stores that in its name.
 * - `taken`: somebody else's segment of the same life, or of another one that still lives.
 * - `expired`: segment 0 of a life that is over; it may be overwritten.
 * - `foreign`: left over from another life, or of a later one: may be overwritten only if segment 0 is of our life.
 */
export type Clash = 'ours' | 'taken' | 'expired' | 'foreign'

export function judgeClash(segment: Segment, standing: StoredSegment, now: number): Clash {
  if (standing.segment.born === segment.born) {
    return isSame(standing.segment, segment) ? 'ours' : 'taken'
  }
  if (segment.n > 0) return 'foreign'
  return hasExpired(standing, now) ? 'expired' : 'taken'
}

/** Whether two segments of one life and number are the same one. */
export function isSame(one: Segment, other: Segment): boolean {
  if (one.writer !== other.writer) return false
  return canonical(one.entries) === canonical(other.entries)
}

/** JSON text that does not depend on the order in which an object got its keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}

/** Whether the life that this segment 0 begins is over: then the whole journal counts as absent. */
export function hasExpired(first: StoredSegment, now: number): boolean {
  return (first.expires ?? 0) <= now
}

/** What of `stored`, ordered from segment `from` on, belongs to one life: a gap or another `born` ends it. */
export function lifeOf(
  stored: readonly StoredSegment[],
  born: string,
  from: number,
): readonly Segment[] {
  const end = stored.findIndex(
    ({ segment }, index) => segment.n !== from + index || segment.born !== born,
  )
  return stored.slice(0, end === -1 ? undefined : end).map(({ segment }) => segment)
}
