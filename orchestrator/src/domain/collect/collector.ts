import { createHash } from 'node:crypto'
import {
  type Collect,
  collectSchema,
  deriveInvocationId,
  type InvocationId,
  keySchema,
  type Target,
  type Value,
  valueSchema,
  workflowRunId,
} from '@fermata/lambda-runtime/protocol'
import * as v from 'valibot'

const count = v.pipe(v.number(), v.integer(), v.minValue(0))

/**
 * Where sends gather: one log per handler, way of collecting and key. The key is that of the target, or for a
 * service the one that the sender gave, or none.
 */
export type CollectorRef = {
  readonly service: string
  readonly handler: string
  readonly how: Collect['how']
  readonly key: { readonly of: 'target' | 'send'; readonly text: string } | undefined
}

/** One send, as it waits. */
export const collectedSendSchema = v.object({
  /** Who sends: the same send again is the same one. */
  by: v.string(),
  input: valueSchema,
  headers: v.record(v.string(), v.string()),
  /** Epoch ms at which it was taken. */
  at: v.number(),
  collect: collectSchema,
  /** How long it is remembered that it was taken, and the invocation kept at least. Ms. */
  keepMs: count,
})
export type CollectedSend = v.InferOutput<typeof collectedSendSchema>

/**
 * Sends that were taken together, in their place in the log. `life` is that of the head: what is left of an earlier one
 * does not count.
 */
export type CollectorSlot = {
  readonly n: number
  readonly life: string
  /** At least one. */
  readonly sends: readonly CollectedSend[]
  /** Epoch ms until which it is surely kept. */
  readonly expires: number
}

export const collectorHeadSchema = v.object({
  life: v.string(),
  /** The slots up to this one are done with. */
  done: count,
  /** These go as one invocation: said before anything is done about it. */
  range: v.exactOptional(v.object({ from: count, to: count })),
})
/** How far a log is dealt with. */
export type CollectorHead = v.InferOutput<typeof collectorHeadSchema> & {
  /** Epoch ms until which it is surely kept: longer than its slots. */
  readonly expires: number
}
export type Range = NonNullable<CollectorHead['range']>

/** So many slots wait at most, whatever their sends say: more are not read at once. */
export const maxSlots = 1_000
/** The inputs of one slot, and of one batch, together, in bytes as they are stored: a segment of a journal must hold them. */
export const maxCollectedBytes = 200_000

const dayMs = 86_400_000
/** Sends outlast an outage of this length. */
const outageMs = 30 * dayMs

export function collectorOf({ service, handler, key }: Target, collect: Collect): CollectorRef {
  const { how } = collect
  if (key !== undefined) return { service, handler, how, key: { of: 'target', text: key } }
  const text = collect.key
  return { service, handler, how, key: text === undefined ? undefined : { of: 'send', text } }
}

/** Who gets what a collector collects. */
export function targetOf({ service, handler, key }: CollectorRef): Target {
  return { service, handler, ...(key?.of === 'target' && { key: key.text }) }
}

const marks = { target: 'k', send: 's' } as const
const namePattern = /^([^#]+)#([^#]+)#(debounce|batch)#(?:([ks])(.*))?$/s

/** A collector's name: `<service>#<handler>#<how>#`, and its key. */
export function collectorName({ service, handler, how, key }: CollectorRef): string {
  return `${service}#${handler}#${how}#${key === undefined ? '' : `${marks[key.of]}${key.text}`}`
}

/** @throws Error for what is no name of a collector */
export function parseCollectorName(name: string): CollectorRef {
  const [, service, handler, how, mark, text] = namePattern.exec(name) ?? []
  const isHow = how === 'debounce' || how === 'batch'
  if (service === undefined || handler === undefined || !isHow) {
    throw new Error(`"${name}" names no collector`)
  }
  if (mark === undefined) return { service, handler, how, key: undefined }
  const of = mark === marks.target ? 'target' : 'send'
  return { service, handler, how, key: { of, text: v.parse(keySchema, text) } }
}

/** When open slots, which are in order, are to go (epoch ms); 0: at once, however long they have waited. */
export function dueOf(open: readonly Pick<CollectorSlot, 'sends'>[]): number {
  const sends = sendsOf(open)
  const [first] = sends
  const last = sends.at(-1)
  if (first === undefined || last === undefined) return Number.POSITIVE_INFINITY
  if (open.length >= maxSlots) return 0
  const { collect } = last
  if (collect.how === 'batch') {
    if (sends.length >= collect.maxSize || bytesOf(sends) >= maxCollectedBytes) return 0
    return Math.min(...sends.map((send) => send.at + send.collect.waitMs))
  }
  const quiet = last.at + collect.waitMs
  return collect.maxWaitMs === undefined ? quiet : Math.min(quiet, first.at + collect.maxWaitMs)
}

/** Which of the open slots go as one, now that they are due. */
export function rangeOf(open: readonly CollectorSlot[]): Range | undefined {
  const [first] = open
  const last = open.at(-1)
  if (first === undefined || last === undefined) return undefined
  const collect = last.sends.at(-1)?.collect
  if (collect?.how !== 'batch') return { from: first.n, to: last.n }
  let together: readonly CollectedSend[] = first.sends
  let to = first.n
  for (const { n, sends } of open.slice(1)) {
    together = [...together, ...sends]
    if (together.length > collect.maxSize || bytesOf(together) > maxCollectedBytes) break
    to = n
  }
  return { from: first.n, to }
}

/** How many of the sends that come now go into one slot, after the open ones: a batch is cut between slots alone. */
export function roomFor(
  open: readonly Pick<CollectorSlot, 'sends'>[],
  coming: readonly CollectedSend[],
): number {
  const waiting = sendsOf(open)
  let count = 0
  let bytes = 0
  for (const send of coming) {
    const { collect } = send
    bytes += bytesOf([send])
    const isFull =
      collect.how === 'batch' && (waiting.length % collect.maxSize) + count >= collect.maxSize
    if (count > 0 && (isFull || bytes > maxCollectedBytes)) break
    count += 1
  }
  return count
}

export function sendsOf(slots: readonly Pick<CollectorSlot, 'sends'>[]): readonly CollectedSend[] {
  return slots.flatMap(({ sends }) => sends)
}

/** Tells slots of one place apart by their sends. */
export function signatureOf({ sends }: Pick<CollectorSlot, 'sends'>): string {
  const hash = createHash('sha256')
  for (const { by } of sends) hash.update(`${Buffer.byteLength(by)}:${by}`)
  return hash.digest('base64')
}

function bytesOf(sends: readonly CollectedSend[]): number {
  return sends.reduce((sum, { input }) => sum + Buffer.byteLength(JSON.stringify(input)), 0)
}

/** Until when a slot must be there: until its sends go, and then as long as they may come again. */
export function slotExpires(sends: readonly CollectedSend[]): number {
  return Math.max(...sends.map(sendExpires))
}

function sendExpires({ at, collect, keepMs }: CollectedSend): number {
  const waitMs = collect.how === 'debounce' ? (collect.maxWaitMs ?? collect.waitMs) : collect.waitMs
  return at + waitMs + Math.max(keepMs, outageMs)
}

/** A head is kept so much longer than the slots that it numbers: it is not written anew for each of them. */
export function headExpires(slot: number): number {
  return slot + outageMs
}

/** One range, one invocation, whoever creates it, and however often. */
export function collectedId(ref: CollectorRef, life: string, from: number): InvocationId {
  const target = targetOf(ref)
  return (
    workflowRunId(target) ??
    deriveInvocationId(target, ['collected', collectorName(ref), life, String(from)])
  )
}

/** What the invocation for these sends gets: of a debounce the last input, of a batch the list of all. */
export function collectedInput(
  how: Collect['how'],
  [first, ...rest]: readonly [CollectedSend, ...CollectedSend[]],
): { readonly input: Value; readonly headers: CollectedSend['headers'] } {
  const last = rest.at(-1) ?? first
  if (how === 'debounce') return { input: last.input, headers: last.headers }
  return { input: { list: [first, ...rest].map(({ input }) => input) }, headers: {} }
}
