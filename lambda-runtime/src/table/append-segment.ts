import { ProtocolError, type Segment } from '../protocol/index.ts'
import { judgeClash } from './clash.ts'
import type { Item } from './item.ts'
import type { StoredSegment } from './segment-item.ts'

/** The answer to a put-if-absent. Some stores tell with a refusal what stands there, some do not. */
export type PutAnswer =
  | { readonly stored: true }
  | { readonly stored: false; readonly standing: StoredSegment | undefined }

/** Another life's item that may give way: of this `born` and, where it is a segment 0, expired by `expiredBy`. */
export type Leftover = { readonly born: string; readonly expiredBy?: number }

/** One journal, as an append needs it. Reads are consistent. */
export interface SegmentTable {
  putIfAbsent(item: Item): Promise<PutAnswer>
  /** `false`: what stands there is not the leftover. */
  putOver(item: Item, leftover: Leftover): Promise<boolean>
  read(n: number): Promise<StoredSegment | undefined>
}

export type AppendAnswer =
  | { readonly kind: 'appended' }
  | { readonly kind: 'conflict'; readonly existing: Segment }

/** Each further try means that somebody else wrote or deleted in between. */
const maxTries = 8

/**
 * Compare-and-set append (INV-1): both sides of the system write segments by this and by nothing else.
 * `item` is `segment` encoded; `now` is epoch ms.
 */
export async function appendSegment(
  table: SegmentTable,
  segment: Segment,
  item: Item,
  now: () => number,
): Promise<AppendAnswer> {
  for (let tries = 0; tries < maxTries; tries++) {
    const put = await table.putIfAbsent(item)
    if (put.stored) return { kind: 'appended' }
    const standing = put.standing ?? (await table.read(segment.n))
    if (standing === undefined) continue
    const answer = await settleClash(table, segment, item, standing, now())
    if (answer !== undefined) return answer
  }
  throw new ProtocolError(
    'append-contention',
    `Segment ${segment.n} changed ${maxTries} times while it was appended: try again`,
  )
}

/** `undefined`: the item changed meanwhile, so begin again. */
async function settleClash(
  table: SegmentTable,
  segment: Segment,
  item: Item,
  standing: StoredSegment,
  now: number,
): Promise<AppendAnswer | undefined> {
  const { born } = standing.segment
  const conflict: AppendAnswer = { kind: 'conflict', existing: standing.segment }
  const over = async (leftover: Leftover): Promise<AppendAnswer | undefined> =>
    (await table.putOver(item, leftover)) ? { kind: 'appended' } : undefined
  switch (judgeClash(segment, standing, now)) {
    case 'ours':
      return { kind: 'appended' }
    case 'taken':
      return conflict
    case 'expired':
      return over({ born, expiredBy: now })
    case 'foreign': {
      // A writer of a life that is over must not overwrite the one that followed it.
      const first = await table.read(0)
      return first?.segment.born === segment.born ? over({ born }) : conflict
    }
  }
}
