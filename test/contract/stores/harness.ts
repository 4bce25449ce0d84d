import {
  deriveInvocationId,
  type Entry,
  type InvocationId,
  type InvokeRequest,
  type Segment,
} from '@fermata/lambda-runtime/protocol'
import type { TableJournal } from '@fermata/lambda-runtime/table'
import type {
  AgendaStore,
  CollectorStore,
  JournalStore,
  LeaseStore,
  ObjectStore,
  PromiseStore,
  RegistryStore,
} from '@fermata/orchestrator/ports'
import { describe, test } from 'vitest'

/** A clock that stands still until a test moves it. */
export type HandClock = { now(): number; advance(ms: number): void }

/** The stores under test, with what a test must do to them that no port does. */
export type StoresUnderTest = {
  readonly journals: JournalStore
  readonly agenda: AgendaStore
  readonly leases: LeaseStore
  readonly registry: RegistryStore
  readonly collectors: CollectorStore
  readonly promises: PromiseStore
  readonly objects: ObjectStore
  readonly clock: HandClock
  /** A handler's journal over the same storage. */
  handlerJournal(request: InvokeRequest): TableJournal
  /** Deletes one segment's item, as TTL does: late, and in any order. */
  erase(id: InvocationId, n: number): Promise<void>
}

export type StoreCases = Readonly<Record<string, (stores: StoresUnderTest) => Promise<void>>>

/** Declares a contract's cases as tests; `stores` is called inside each. */
export function describeCases(name: string, cases: StoreCases, stores: () => StoresUnderTest) {
  describe(name, () => {
    for (const [title, run] of Object.entries(cases)) test(title, () => run(stores()))
  })
}

export const hourMs = 3_600_000

export function createHandClock(start = 1_800_000_000_000): HandClock {
  let now = start
  return {
    now: () => now,
    advance(ms) {
      now += ms
    },
  }
}

export function inAnHour({ clock }: Pick<StoresUnderTest, 'clock'>): number {
  return clock.now() + hourMs
}

let counter = 0

/** Differs at each call and between processes: suites share a table. */
export function freshName(prefix: string): string {
  counter++
  return `${prefix}-${process.pid}-${performance.timeOrigin}-${counter}`
}

export function freshInvocation(): InvocationId {
  return deriveInvocationId('orders', [freshName('test')])
}

export type SegmentFields = Partial<Omit<Segment, 'n' | 'protocol'>>

export function segmentOf(n: number, fields: SegmentFields = {}): Segment {
  return {
    protocol: 1,
    n,
    born: 'life-1',
    epoch: 1,
    by: 'orchestrator',
    writer: `writer-${n}`,
    at: 1_800_000_000_000,
    entries: [{ kind: 'alive' }],
    ...fields,
  }
}

export function createdEntry(retentionMs: number): Entry {
  return {
    kind: 'created',
    target: { service: 'orders', handler: 'process' },
    input: { json: { sku: 'A-1' } },
    headers: {},
    origin: { kind: 'http' },
    retentionMs,
  }
}

/** Text that does not shrink much, the same each time. */
export function denseText(length: number, seed = 7): string {
  let state = seed
  const units = Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return String.fromCharCode(33 + ((state >>> 24) % 90))
  })
  return units.join('')
}

export function bulky(length: number, seed?: number): Entry {
  const json = denseText(length, seed)
  return { kind: 'completion', op: 0, result: { kind: 'value', value: { json } } }
}
