import { createHash } from 'node:crypto'
import { decodeWith, ProtocolError } from '@fermata/lambda-runtime/protocol'
import {
  type Item,
  type ItemKey,
  itemBytes,
  maxItemBytes,
  textOf,
  withText,
} from '@fermata/lambda-runtime/table'
import * as v from 'valibot'
import {
  type CollectorHead,
  type CollectorRef,
  type CollectorSlot,
  collectedSendSchema,
  collectorHeadSchema,
  collectorName,
  signatureOf,
} from '../../domain/collect/collector.ts'
import { FermataError } from '../../domain/errors.ts'
import type { StoredHead } from '../../ports/index.ts'
import { numberIn, textIn } from './attributes.ts'
import { itemKey } from './dynamo-table.ts'

const what = 'item of a collector'
const sendsSchema = v.pipe(v.array(collectedSendSchema), v.minLength(1))
const digits = 12
/** No clock is so wrong that an item vanishes before it has expired. */
const slackMs = 3_600_000

/** All items of a collector stand in one partition: its head, its slots, the marks of what was taken. */
export function collectorPartition(ref: CollectorRef): string {
  return `B#${collectorName(ref)}`
}

export function headKey(ref: CollectorRef): ItemKey {
  return itemKey(collectorPartition(ref), 'head')
}

/** The sort keys of slots sort by their numbers. */
export function slotSort(n: number): string {
  return `m#${String(n).padStart(digits, '0')}`
}

/** Sorts behind the slots of all numbers. */
export const behindSlots = 'm$'

export function markKey(ref: CollectorRef, by: string): ItemKey {
  const digest = createHash('sha256').update(by).digest('hex').slice(0, 40)
  return itemKey(collectorPartition(ref), `d#${digest}`)
}

/** Its attributes but for key and revision. */
export function encodeHead({ expires, ...head }: CollectorHead): Item {
  return { head: { S: JSON.stringify(head) }, ...expiry(expires) }
}

/** @throws ProtocolError */
export function decodeHead(item: Item): StoredHead {
  const head = decodeWith(what, collectorHeadSchema, parse(textIn(what, item, 'head')))
  return {
    head: { ...head, expires: numberIn(what, item, 'expires') },
    rev: numberIn(what, item, 'rev'),
  }
}

/** @throws FermataError `body-too-large` over DynamoDB's 400 KB */
export function encodeSlot(ref: CollectorRef, slot: CollectorSlot): Item {
  const { n, life, sends, expires } = slot
  const key = itemKey(collectorPartition(ref), slotSort(n))
  const rest = {
    ...key,
    n: { N: String(n) },
    life: { S: life },
    by: { S: signatureOf(slot) },
    ...expiry(expires),
  }
  const item = withText(rest, 'sends', JSON.stringify(sends))
  const bytes = itemBytes(item)
  if (bytes <= maxItemBytes) return item
  throw new FermataError(
    'body-too-large',
    `Sends take ${bytes} bytes, an item of the table ${maxItemBytes} at most`,
  )
}

/** @throws ProtocolError */
export function decodeSlot(item: Item): CollectorSlot {
  return {
    n: numberIn(what, item, 'n'),
    life: textIn(what, item, 'life'),
    sends: decodeWith(what, sendsSchema, parse(textOf(what, item['sends']))),
    expires: numberIn(what, item, 'expires'),
  }
}

export function encodeMark(ref: CollectorRef, by: string, expires: number): Item {
  return { ...markKey(ref, by), ...expiry(expires) }
}

function expiry(expires: number): { readonly expires: { N: string }; readonly ttl: { N: string } } {
  return {
    expires: { N: String(expires) },
    ttl: { N: String(Math.ceil((expires + slackMs) / 1000)) },
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ProtocolError('item-json', `Not a valid ${what}: it is not JSON`)
  }
}
