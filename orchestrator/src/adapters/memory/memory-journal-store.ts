import {
  decodeSegmentJson,
  type InvocationId,
  type Segment,
} from '@fermata/lambda-runtime/protocol'
import { isSame } from '@fermata/lambda-runtime/table'
import type { Appended, Clock, Journal, JournalStore } from '../../ports/index.ts'
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
    const { born } = decodeSegmentJson(first.text)
    return { segments: segmentsFrom(items, born, 0), expires: first.expires }
  }

  async tail(id: InvocationId, born: string, from: number): Promise<readonly Segment[]> {
    return segmentsFrom(mapAt(this.#table.journals, id), born, from)
  }

  async append(id: InvocationId, segment: Segment, expires: number): Promise<Appended> {
    const items = mapAt(this.#table.journals, id)
    const standing = items.get(segment.n)
    if (standing !== undefined) {
      const existing = decodeSegmentJson(standing.text)
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
    if (decodeSegmentJson(first.text).born !== born) return
    for (let n = 0; n < count; n++) {
      const item = items.get(n)
      if (item === undefined || decodeSegmentJson(item.text).born !== born) continue
      items.set(n, { text: item.text, expires })
    }
  }

  async remove(id: InvocationId, born: string, count: number): Promise<void> {
    const items = mapAt(this.#table.journals, id)
    for (let n = 0; n < count; n++) {
      const item = items.get(n)
      if (item !== undefined && decodeSegmentJson(item.text).born === born) items.delete(n)
      else if (n === 0 && item !== undefined) return
    }
  }

  /** INV-1 holds within a life: only what is left of another one gives way, and only to the life of segment 0. */
  #mayOverwrite(items: Map<number, MemorySegment>, segment: Segment, existing: Segment): boolean {
    const first = items.get(0)
    if (existing.born === segment.born || first === undefined) return false
    if (segment.n === 0) return this.#hasExpired(first)
    return decodeSegmentJson(first.text).born === segment.born
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
    const segment = decodeSegmentJson(item.text)
    if (segment.born !== born) return segments
    segments.push(segment)
  }
}
