import type { Value } from '@fermata/lambda-runtime/protocol'
import type {
  Clock,
  ObjectHead,
  ObjectRef,
  ObjectStore,
  Slot,
  SlotAppended,
  StoredValue,
} from '../../ports/index.ts'
import type { MemoryObject, MemoryTable } from './memory-table.ts'

export class MemoryObjectStore implements ObjectStore {
  readonly #table: MemoryTable
  readonly #clock: Pick<Clock, 'now'>

  constructor(table: MemoryTable, clock: Pick<Clock, 'now'>) {
    this.#table = table
    this.#clock = clock
  }

  async head(ref: ObjectRef): Promise<ObjectHead | undefined> {
    return this.#head(ref)
  }

  async writeHead(
    ref: ObjectRef,
    head: ObjectHead,
    before: ObjectHead | undefined,
  ): Promise<boolean> {
    if (this.#head(ref)?.writes !== before?.writes) return false
    this.#of(ref).head = JSON.stringify(head)
    return true
  }

  async append(ref: ObjectRef, slot: Slot): Promise<SlotAppended> {
    const { slots } = this.#of(ref)
    const standing = slots.get(slot.n)
    if (standing === undefined) {
      slots.set(slot.n, JSON.stringify(slot))
      return { kind: 'appended' }
    }
    const existing = slotOf(standing)
    return existing.writer === slot.writer
      ? { kind: 'appended' }
      : { kind: 'conflict', existing: this.#isOver(existing.expires) ? undefined : existing }
  }

  async slots(ref: ObjectRef, from: number, limit: number): Promise<readonly Slot[]> {
    return [...this.#of(ref).slots.entries()]
      .filter(([n]) => n >= from)
      .sort(([a], [b]) => a - b)
      .map(([, text]) => slotOf(text))
      .filter(({ expires }) => !this.#isOver(expires))
      .slice(0, limit)
  }

  async lastSlot(ref: ObjectRef): Promise<number> {
    return Math.max(0, ...this.#of(ref).slots.keys())
  }

  async restampSlot(ref: ObjectRef, n: number, expires: number): Promise<void> {
    this.#change(ref, n, (slot) => ({
      ...slot,
      expires: this.#isOver(slot.expires) ? slot.expires : Math.max(slot.expires, expires),
    }))
  }

  async markSlot(ref: ObjectRef, n: number, mark: NonNullable<Slot['mark']>): Promise<void> {
    this.#change(ref, n, (slot) => ({ ...slot, mark }))
  }

  async putValue(ref: ObjectRef, at: StoredValue, value: Value): Promise<void> {
    this.#of(ref).values.set(placeOf(at), JSON.stringify(value))
  }

  async value(ref: ObjectRef, at: StoredValue): Promise<Value | undefined> {
    const text = this.#of(ref).values.get(placeOf(at))
    return text === undefined ? undefined : (JSON.parse(text) as Value)
  }

  async removeValue(ref: ObjectRef, at: StoredValue): Promise<void> {
    this.#of(ref).values.delete(placeOf(at))
  }

  #head(ref: ObjectRef): ObjectHead | undefined {
    const { head } = this.#of(ref)
    if (head === undefined) return undefined
    const parsed = JSON.parse(head) as ObjectHead
    return this.#isOver(parsed.expires) ? undefined : parsed
  }

  #change(ref: ObjectRef, n: number, change: (slot: Slot) => Slot): void {
    const { slots } = this.#of(ref)
    const text = slots.get(n)
    if (text !== undefined) slots.set(n, JSON.stringify(change(slotOf(text))))
  }

  #of({ service, key }: ObjectRef): MemoryObject {
    const id = `${service}#${key}`
    const found = this.#table.objects.get(id)
    if (found !== undefined) return found
    const made: MemoryObject = { head: undefined, slots: new Map(), values: new Map() }
    this.#table.objects.set(id, made)
    return made
  }

  #isOver(expires: number | undefined): boolean {
    return expires !== undefined && expires <= this.#clock.now()
  }
}

function slotOf(text: string): Slot {
  return JSON.parse(text) as Slot
}

function placeOf({ name, slot }: StoredValue): string {
  return `${name}#${slot}`
}
