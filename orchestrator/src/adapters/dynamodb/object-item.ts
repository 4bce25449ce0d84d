import {
  decodeWith,
  entrySchema,
  invocationIdSchema,
  ProtocolError,
  stateCellSchema,
  valueSchema,
} from '@fermata/lambda-runtime/protocol'
import {
  type Item,
  itemBytes,
  maxItemBytes,
  objectKey,
  textOf,
  withText,
} from '@fermata/lambda-runtime/table'
import * as v from 'valibot'
import type { ObjectHead, ObjectRef, Slot } from '../../ports/index.ts'
import { numberIn, textIn } from './attributes.ts'
import { itemKey } from './dynamo-table.ts'

const count = v.pipe(v.number(), v.integer(), v.minValue(0))
const patchSchema = v.object({
  cleared: v.boolean(),
  values: v.array(v.tuple([v.string(), v.nullable(valueSchema)])),
})
const liveSchema = v.object({
  slot: count,
  n: count,
  invocation: invocationIdSchema,
  patch: v.exactOptional(patchSchema),
})
const cellsSchema = v.array(stateCellSchema)
const mailSchema = v.variant('kind', [
  v.object({
    kind: v.literal('invocation'),
    invocation: invocationIdSchema,
    created: entrySchema,
  }),
  v.object({
    kind: v.literal('edit'),
    edit: v.object({ id: v.string(), version: v.exactOptional(count), patch: patchSchema }),
    retentionMs: count,
  }),
])

const what = 'item of an object'
const digits = 12
const hourMs = 3_600_000
/** No clock is so wrong that a slot vanishes before it has expired; a head outlives its slots. */
const slotSlackMs = hourMs
const headSlackMs = 48 * hourMs

export const slotPrefix = 'm#'

export function headKey({ service, key }: ObjectRef) {
  return itemKey(objectKey(service, key), 'head')
}

export function slotKey({ service, key }: ObjectRef, n: number) {
  return itemKey(objectKey(service, key), slotSort(n))
}

/** 12 digits, so that text order is number order (trace 14). */
export function slotSort(n: number): string {
  return `${slotPrefix}${String(n).padStart(digits, '0')}`
}

export function encodeHead(ref: ObjectRef, head: ObjectHead): Item {
  const { done, version, cells, live, expires, outlives, writes } = head
  const rest: Item = {
    ...headKey(ref),
    done: numeric(done),
    version: numeric(version),
    writes: numeric(writes),
    ...(expires === undefined
      ? {}
      : { expires: numeric(expires), ttl: numeric(secondsOf(expires + headSlackMs)) }),
    ...(outlives === undefined ? {} : { outlives: numeric(outlives) }),
    ...(live === undefined ? {} : { live: { S: JSON.stringify(live) } }),
  }
  if (cells.length === 0) return rest
  return within(withText(rest, 'cells', JSON.stringify(cells)), 'The state')
}

/** @throws ProtocolError and nothing else, whatever the item holds */
export function decodeHead(item: Item): ObjectHead {
  const live = item['live'] === undefined ? undefined : textIn(what, item, 'live')
  const parsed = live === undefined ? undefined : decodeWith(what, liveSchema, parse(live))
  const cells = item['cells'] === undefined ? '[]' : textOf(what, item['cells'])
  return {
    done: numberIn(what, item, 'done'),
    version: numberIn(what, item, 'version'),
    writes: numberIn(what, item, 'writes'),
    cells: decodeWith(what, cellsSchema, parse(cells)),
    live: parsed === undefined ? undefined : { ...parsed, patch: parsed.patch },
    expires: item['expires'] === undefined ? undefined : numberIn(what, item, 'expires'),
    ...(item['outlives'] === undefined ? {} : { outlives: numberIn(what, item, 'outlives') }),
  }
}

export function encodeSlot(ref: ObjectRef, slot: Slot): Item {
  const { n, writer, at, expires, mail, mark } = slot
  const rest: Item = {
    ...slotKey(ref, n),
    writer: { S: writer },
    at: numeric(at),
    expires: numeric(expires),
    ttl: slotTtl(expires),
    ...(mark === undefined ? {} : { mark: { S: mark } }),
  }
  return within(withText(rest, 'mail', JSON.stringify(mail)), 'A mailbox slot')
}

export function slotTtl(expires: number): { readonly N: string } {
  return numeric(secondsOf(expires + slotSlackMs))
}

/** When DynamoDB may delete a large value, whose head expires at `expires` (epoch ms). */
export function valueTtl(expires: number): { readonly N: string } {
  return numeric(secondsOf(expires + headSlackMs))
}

/** @throws ProtocolError and nothing else, whatever the item holds */
export function decodeSlot(item: Item): Slot {
  const mail = decodeWith(what, mailSchema, parse(textOf(what, item['mail'])))
  return {
    n: Number(textIn(what, item, 'sk').slice(slotPrefix.length)),
    writer: textIn(what, item, 'writer'),
    at: numberIn(what, item, 'at'),
    expires: numberIn(what, item, 'expires'),
    mail: mailOf(mail),
    mark: item['mark'] === undefined ? undefined : markOf(textIn(what, item, 'mark')),
  }
}

function mailOf(mail: v.InferOutput<typeof mailSchema>): Slot['mail'] {
  if (mail.kind === 'edit') {
    return { ...mail, edit: { ...mail.edit, version: mail.edit.version } }
  }
  const { created } = mail
  if (created.kind !== 'created') {
    throw new ProtocolError('item-shape', `Not a valid ${what}: its mail creates nothing`)
  }
  return { ...mail, created }
}

function markOf(text: string): Slot['mark'] {
  return text === 'void' || text === 'too-large' ? text : 'applied'
}

function within(item: Item, subject: string): Item {
  const bytes = itemBytes(item)
  if (bytes <= maxItemBytes) return item
  throw new ProtocolError(
    'segment-too-large',
    `${subject} takes ${bytes} bytes, an item of the table ${maxItemBytes} at most`,
  )
}

function numeric(value: number): { readonly N: string } {
  return { N: String(value) }
}

function secondsOf(ms: number): number {
  return Math.ceil(ms / 1000)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ProtocolError('item-json', `Not a valid ${what}: it is not JSON`)
  }
}
