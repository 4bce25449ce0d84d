import {
  decodeSegmentJson,
  type InvocationId,
  type Segment,
} from '@fermata/lambda-runtime/protocol'
import { isSame } from '@fermata/lambda-runtime/table'
import type { Appended, Clock, Journal, JournalStore } from '../../ports/index.ts'
import { frozen } from './frozen.ts'
import { type MemorySegment, type MemoryTable, mapAt } from './memory-table.ts'

const absent: Journal = { segments: [], expires: 0 }

export class MemoryJournalStore implements JournalStore {
  readonly #table: MemoryTable
  readonly #clock: Pick<Clock, 'now'>

  constructor(table: MemoryTable, clock: Pick<Clock, 'now'>) {
    this.#table = table
    this.#clock = clock
  }

  async load(id: InvocationId): Promise<Journal> {
    const items = mapAt(this.#table.journals, id)
    const first = items.get(0)
    if (first === undefined || this.#hasExpired(first)) return absent
    const { born } = segmentOf(first)
    return { segments: segmentsFrom(items, born, 0), expires: first.expires }
  }

  async tail(id: InvocationId, born: string, from: number): Promise<readonly Segment[]> {
    return segmentsFrom(mapAt(this.#table.journals, id), born, from)
  }

  async append(id: InvocationId, segment: Segment, expires: number): Promise<Appended> {
    const items = mapAt(this.#table.journals, id)
    const standing = items.get(segment.n)
    if (standing !== undefined) {
      const existing = segmentOf(standing)
      if (existing.born === segment.born && isSame(existing, segment)) return { kind: 'appended' }
      if (!this.#mayOverwrite(items, segment, existing)) return { kind: 'conflict', existing }
    }
    items.set(segment.n, { text: JSON.stringify(segment), expires })
    return { kind: 'appended' }
  }

  async restamp(id: InvocationId, born: string, count: number, expires: number): Promise<void> {
    const items = mapAt(this.#table.journals, id)
    const first = items.get(0)
    if (first === undefined || this.#hasExpired(first)) return
    if (segmentOf(first).born !== born) return
    for (let n = 0; n < count; n++) {
      const item = items.get(n)
      if (item === undefined || segmentOf(item).born !== born) continue
      items.set(n, { text: item.text, expires: Math.max(item.expires, expires) })
    }
  }

  async remove(id: InvocationId, born: string, count: number): Promise<void> {
    const items = mapAt(this.#table.journals, id)
    for (let n = 0; n < count; n++) {
      const item = items.get(n)
      if (item !== undefined && segmentOf(item).born === born) items.delete(n)
      else if (n === 0 && item !== undefined) return
    }
  }

  /** INV-1 holds within a life: only what is left of another one gives way, and only to the life of segment 0. */
  #mayOverwrite(items: Map<number, MemorySegment>, segment: Segment, existing: Segment): boolean {
    const first = items.get(0)
    if (existing.born === segment.born || first === undefined) return false
    if (segment.n === 0) return this.#hasExpired(first)
    return segmentOf(first).born === segment.born
  }

  #hasExpired(item: MemorySegment): boolean {
    return item.expires <= this.#clock.now()
  }
}

/** A gap, or a segment of another life, ends the journal. */
function segmentsFrom(items: Map<number, MemorySegment>, born: string, from: number): Segment[] {
  const segments: Segment[] = []
  for (let n = from; ; n++) {
    const item = items.get(n)
    if (item === undefined) return segments
    const segment = segmentOf(item)
    if (segment.born !== born) return segments
    segments.push(segment)
  }
}

/** What is read is read many times: it is decoded once, and nobody can change it. */
const decoded = new WeakMap<MemorySegment, Segment>()

function segmentOf(item: MemorySegment): Segment {
  const known = decoded.get(item)
  if (known !== undefined) return known
  const segment = frozen(decodeSegmentJson(item.text))
  decoded.set(item, segment)
  return segment
}
