import {
  decodeSegment,
  type InvocationId,
  ProtocolError,
  type Segment,
  serviceOf,
} from '../protocol/index.ts'
import { textOf, withText } from './compressed.ts'
import { type Item, itemBytes, maxItemBytes } from './item.ts'

/** A segment as it stands in the table. `expires` (epoch ms) stands in segment 0 alone: it decides for all. */
export type StoredSegment = { readonly segment: Segment; readonly expires: number | undefined }

export type ItemKey = { readonly pk: { readonly S: string }; readonly sk: { readonly S: string } }

const what = 'journal item'
const hourMs = 3_600_000
/** No clock is so wrong that a journal vanishes before it has expired. */
const firstSlackMs = hourMs
/** The others outlive segment 0: a journal never loses its end before its beginning. */
const otherSlackMs = 48 * hourMs

/** The partition of a journal. The service stands first, so that a role can be limited to its own. */
export function journalKey(id: InvocationId): string {
  return `J#${serviceOf(id)}#${id}`
}

/** The sort key of segment `n`: 12 digits, so that text order is number order. */
export function segmentKey(n: number): string {
  return String(n).padStart(12, '0')
}

export function segmentItemKey(id: InvocationId, n: number): ItemKey {
  return { pk: { S: journalKey(id) }, sk: { S: segmentKey(n) } }
}

/** When DynamoDB may delete the item, in epoch seconds; `expires` is epoch ms. */
export function segmentTtl(n: number, expires: number): number {
  return Math.ceil((expires + (n === 0 ? firstSlackMs : otherSlackMs)) / 1000)
}

/**
 * One segment as one item. Entries that would make it cost more than one write unit are compressed.
 * @throws ProtocolError `segment-too-large` over DynamoDB's 400 KB
 */
export function encodeSegmentItem(id: InvocationId, segment: Segment, expires: number): Item {
  const { n, carried } = segment
  const rest: Item = {
    ...segmentItemKey(id, n),
    v: numeric(segment.protocol),
    born: { S: segment.born },
    epoch: numeric(segment.epoch),
    by: { S: segment.by },
    writer: { S: segment.writer },
    at: numeric(segment.at),
    ...(carried === undefined ? {} : { carried: numeric(carried) }),
    ...(n === 0 ? { expires: numeric(expires) } : {}),
    ttl: numeric(segmentTtl(n, expires)),
  }
  const item = withText(rest, 'entries', JSON.stringify(segment.entries))
  if (itemBytes(item) > maxItemBytes) {
    throw new ProtocolError(
      'segment-too-large',
      `Segment ${n} of ${id} takes ${itemBytes(item)} bytes, an item of the table ${maxItemBytes} at most: append fewer or smaller entries at once`,
    )
  }
  return item
}

/** @throws ProtocolError and nothing else, whatever the item holds */
export function decodeSegmentItem(item: Item): StoredSegment {
  const carried = item['carried'] && numberOf(item, 'carried')
  const segment = decodeSegment({
    protocol: numberOf(item, 'v'),
    n: numberFrom(stringOf(item, 'sk')),
    born: stringOf(item, 'born'),
    epoch: numberOf(item, 'epoch'),
    by: stringOf(item, 'by'),
    writer: stringOf(item, 'writer'),
    at: numberOf(item, 'at'),
    ...(carried === undefined ? {} : { carried }),
    entries: parseEntries(textOf(what, item['entries'])),
  })
  return { segment, expires: item['expires'] && numberOf(item, 'expires') }
}

function numeric(value: number): { readonly N: string } {
  return { N: String(value) }
}

function stringOf(item: Item, name: string): string {
  const value = item[name]
  if (value !== undefined && 'S' in value) return value.S
  throw new ProtocolError('item-shape', `Not a valid ${what}: ${name} is not text`)
}

function numberOf(item: Item, name: string): number {
  const value = item[name]
  if (value !== undefined && 'N' in value) return numberFrom(value.N)
  throw new ProtocolError('item-shape', `Not a valid ${what}: ${name} is not a number`)
}

function numberFrom(text: string): number {
  return text === '' ? Number.NaN : Number(text)
}

function parseEntries(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ProtocolError('item-json', `Not a valid ${what}: its entries are not JSON`)
  }
}
