import {
  childInvocationId,
  deriveInvocationId,
  type Entry,
  type EntryOf,
  type InvocationId,
  type Segment,
} from '@fermata/lambda-runtime/protocol'
import type { ObjectHead, ObjectRef, Slot } from '@fermata/orchestrator/ports'
import type { Happening, HistoryEvent } from './events.ts'

const start = 1_800_000_000_000
export const hour = 3_600_000
const subscription = 'sales'
export const topic = 'sales'
export const till: ObjectRef = { service: 'till', key: 'x' }
export const order = deriveInvocationId('orders', ['key', 'process', 'one'])
export const stock = childInvocationId('stock', order, 1)
export const sales: readonly [InvocationId, InvocationId] = [saleId(0), saleId(1)]

function saleId(offset: number): InvocationId {
  return deriveInvocationId(till, ['kafka', subscription, '0', topic, '0', String(offset)])
}

/** One event after the other, each a ms later. */
export function historyOf(happenings: readonly Happening[]): HistoryEvent[] {
  return happenings.map((happening, n) => ({ at: start + n, who: 'somebody', ...happening }))
}

export type SegmentFields = Partial<Omit<Segment, 'n' | 'entries'>>

export function segment(
  invocation: InvocationId,
  n: number,
  entries: readonly Entry[],
  fields: SegmentFields = {},
): Happening {
  const by = entries.some(({ kind }) => kind === 'attempt') ? 'orchestrator' : 'handler'
  const written: Segment = {
    ...{ protocol: 1, n, born: 'life', epoch: 1, by, writer: by === 'handler' ? 'h' : `o${n}` },
    at: start,
    entries,
    ...fields,
  }
  const stamp = n === 0 ? { expires: start + hour } : {}
  return { what: 'segment', invocation, segment: written, ...stamp }
}

export function created(
  service: string,
  origin: EntryOf<'created'>['origin'],
  more: { readonly key?: string; readonly slot?: number } = {},
): EntryOf<'created'> {
  const { key, slot } = more
  return {
    kind: 'created',
    target: { service, handler: 'go', ...(key === undefined ? {} : { key }) },
    input: { json: 1 },
    headers: {},
    origin,
    retentionMs: hour,
    ...(slot === undefined ? {} : { slot }),
  }
}

export const attempt = (epoch: number): Entry => ({ kind: 'attempt', epoch, deployment: 'd' })
export const output = (json: number): Entry => ({
  kind: 'output',
  result: { kind: 'value', value: { json } },
})
export const ran = (op: number, name: string): Entry => ({
  ...{ kind: 'run', op, name, result: { kind: 'value', value: { json: op } } },
  ...{ at: start, after: op },
})
export const set = (op: number, json: number): Entry => ({
  ...{ kind: 'state-set', op, name: 'sum', value: { json } },
})

export function saleCreated(offset: number, slot?: number): EntryOf<'created'> {
  const position = { subscription, topic, partition: 0, offset: String(offset), timestamp: 0 }
  const place = slot === undefined ? { key: 'x' } : { key: 'x', slot }
  return created('till', { kind: 'kafka', ...position }, place)
}

export function saleSlot(n: number, offset: number, fields: Partial<Slot> = {}): Happening {
  const invocation = saleId(offset)
  const mail = { kind: 'invocation', invocation, created: saleCreated(offset) } as const
  const slot: Slot = {
    ...{ n, writer: `s${n}`, at: start, expires: start + hour, mail, mark: undefined },
    ...fields,
  }
  return { what: 'slot', object: till, slot }
}

export function head(done: number, sum: number, fields: Partial<ObjectHead> = {}): Happening {
  const cells = [{ name: 'sum', value: { json: sum } }]
  const rest = { live: undefined, expires: undefined, writes: done }
  return { what: 'head', object: till, head: { done, version: done, cells, ...rest, ...fields } }
}

export const position = (offset: number) => ({
  ...{ subscription, topic, partition: 0, offset: String(offset) },
})
export const committed = (offset: number): Happening => ({
  ...{ what: 'committed', ...position(offset) },
})

export function effect(name: string, after: readonly string[], body: unknown = null): Happening {
  const step = { invocation: order, name }
  return { what: 'effect', key: `${order}/${name}`, body, step, after }
}

const voter = deriveInvocationId('voter', ['key', 'vote', 'one'])
const promise = { workflow: 'vote', key: 'x', name: 'verdict' }

export function verdict(json: number): Extract<Happening, { what: 'promise' }> {
  const outcome = { kind: 'value', value: { json } } as const
  return { what: 'promise', promise, outcome, by: `${voter}.0`, expires: start + hour }
}

/** Somebody completes a promise with 1, waits for it, and is told this. */
export function voted(heard: number, isFirst: boolean): readonly Happening[] {
  const result = { kind: 'value', value: { json: 1 } } as const
  const told = (op: number, json: number | boolean): Entry => ({
    ...{ kind: 'completion', op, result: { kind: 'value', value: { json } } },
  })
  const asks: readonly Entry[] = [
    { kind: 'promise-complete', op: 0, promise, result },
    { kind: 'promise-get', op: 1, promise },
  ]
  return [
    segment(voter, 0, [created('voter', { kind: 'http' }), attempt(1)]),
    segment(voter, 1, asks),
    verdict(1),
    segment(voter, 2, [told(0, isFirst), told(1, heard)], { by: 'orchestrator' }),
    segment(voter, 3, [output(1)]),
  ]
}

const callStock: Entry = {
  ...{ kind: 'call', op: 1, target: { service: 'stock', handler: 'go' }, input: { json: 1 } },
}
const stockAnswers: Entry = {
  ...{ kind: 'completion', op: 1, result: { kind: 'value', value: { json: 7 } } },
}

/** An order with two steps and a call between them. */
const anOrder: readonly Happening[] = [
  segment(order, 0, [created('orders', { kind: 'http' }), attempt(1)]),
  effect('charge', []),
  effect('charge', []),
  segment(order, 1, [ran(0, 'charge'), callStock]),
  segment(order, 2, [{ kind: 'suspended', waitingOn: { kind: 'op', op: 1 } }]),
  segment(stock, 0, [created('stock', { kind: 'call', invocation: order, op: 1 }), attempt(1)]),
  segment(stock, 1, [output(7)]),
  segment(order, 3, [stockAnswers, attempt(2)]),
  effect('ship', ['charge']),
  segment(order, 4, [ran(2, 'ship'), output(1)], { epoch: 2 }),
]

/** Two records of one key. */
const twoSales: readonly Happening[] = [
  { what: 'records', topic, partition: 0, end: '2' },
  saleSlot(1, 0),
  saleSlot(2, 1),
  committed(2),
  segment(sales[0], 0, [saleCreated(0, 1), attempt(1)]),
  segment(sales[0], 1, [set(0, 5), output(5)]),
  head(1, 5),
  segment(sales[1], 0, [saleCreated(1, 2), attempt(1)]),
  segment(sales[1], 1, [set(0, 8), output(8)]),
  head(2, 8),
]

/** In order, and nothing is wrong with it. */
export const soundHistory: readonly Happening[] = [...anOrder, ...twoSales]
