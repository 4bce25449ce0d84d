import { collectorName, signatureOf } from '../../domain/collect/collector.ts'
import type {
  Clock,
  CollectorHead,
  CollectorRef,
  CollectorSlot,
  CollectorStore,
  OpenSends,
  StoredHead,
} from '../../ports/index.ts'
import { type MemoryCollector, type MemoryTable, memoryCollector } from './memory-table.ts'

export class MemoryCollectorStore implements CollectorStore {
  readonly #table: MemoryTable
  readonly #clock: Pick<Clock, 'now'>

  constructor(table: MemoryTable, clock: Pick<Clock, 'now'>) {
    this.#table = table
    this.#clock = clock
  }

  async read(ref: CollectorRef, limit: number): Promise<OpenSends> {
    const { head, slots } = this.#collector(ref)
    if (head === undefined) return { head: undefined, open: [] }
    const stored: StoredHead = { head: JSON.parse(head.text), rev: head.rev }
    const { life, done } = stored.head
    const open = [...slots.values()]
      .map((text): CollectorSlot => JSON.parse(text))
      .filter((slot) => slot.life === life && slot.n > done)
      .sort((a, b) => a.n - b.n)
    return { head: stored, open: open.slice(0, limit) }
  }

  async writeHead(
    ref: CollectorRef,
    head: CollectorHead,
    before: StoredHead | undefined,
  ): Promise<boolean> {
    const collector = this.#collector(ref)
    if (collector.head?.rev !== before?.rev) return false
    collector.head = { rev: (before?.rev ?? 0) + 1, text: JSON.stringify(head) }
    return true
  }

  async append(ref: CollectorRef, slot: CollectorSlot): Promise<boolean> {
    const { slots } = this.#collector(ref)
    const standing = slots.get(slot.n)
    if (standing !== undefined) {
      const existing: CollectorSlot = JSON.parse(standing)
      if (existing.life === slot.life) return signatureOf(existing) === signatureOf(slot)
    }
    slots.set(slot.n, JSON.stringify(slot))
    return true
  }

  async isTaken(ref: CollectorRef, by: string): Promise<boolean> {
    return this.#collector(ref).taken.has(by)
  }

  async markTaken(
    ref: CollectorRef,
    marks: readonly { readonly by: string; readonly expires: number }[],
  ): Promise<void> {
    const { taken } = this.#collector(ref)
    for (const { by, expires } of marks) taken.set(by, expires)
  }

  /** What has expired is gone. */
  #collector(ref: CollectorRef): MemoryCollector {
    const collector = memoryCollector(this.#table, collectorName(ref))
    const now = this.#clock.now()
    const { head, slots, taken } = collector
    for (const [n, text] of slots) if (JSON.parse(text).expires <= now) slots.delete(n)
    for (const [by, expires] of taken) if (expires <= now) taken.delete(by)
    if (head !== undefined && JSON.parse(head.text).expires <= now) collector.head = undefined
    return collector
  }
}
