import { ProtocolError } from '@fermata/lambda-runtime/protocol'
import { type Item, itemBytes, maxItemBytes, textOf, withText } from '@fermata/lambda-runtime/table'
import * as v from 'valibot'
import type { AgendaItem } from '../../ports/index.ts'
import { numberIn, textIn } from './attributes.ts'

const what = 'agenda item'

/** Few bytes per entry, for an entry costs what its bytes cost: `[kind, ms after base, subject]`. */
const entriesSchema = v.array(
  v.tuple([v.picklist(['watch', 'timer', 'retry', 'retain']), v.number(), v.string()]),
)

export function agendaKey(shard: number): string {
  return `A#${shard}`
}

/** @throws ProtocolError `agenda-item-too-large` */
export function encodeAgendaItem({ shard, key, entries }: AgendaItem, expires: number): Item {
  const base = entries.reduce((least, { dueAt }) => Math.min(least, dueAt), Number.MAX_SAFE_INTEGER)
  const rows = entries.map(({ kind, dueAt, subject }) => [kind, dueAt - base, subject])
  const rest: Item = {
    pk: { S: agendaKey(shard) },
    sk: { S: key },
    base: { N: String(base) },
    ttl: { N: String(Math.ceil(expires / 1000)) },
  }
  const item = withText(rest, 'entries', JSON.stringify(rows))
  if (itemBytes(item) > maxItemBytes) {
    throw new ProtocolError(
      'agenda-item-too-large',
      `${entries.length} agenda entries take ${itemBytes(item)} bytes, an item of the table ${maxItemBytes} at most: flush fewer at once`,
    )
  }
  return item
}

/** @throws ProtocolError */
export function decodeAgendaItem(shard: number, item: Item): AgendaItem {
  const base = numberIn(what, item, 'base')
  const rows = v.safeParse(entriesSchema, parse(textOf(what, item['entries'])))
  if (!rows.success) throw shapeError('its entries are not entries')
  const entries = rows.output.map(([kind, after, subject]) => ({
    subject,
    dueAt: base + after,
    kind,
  }))
  return { shard, key: textIn(what, item, 'sk'), entries }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw shapeError('its entries are not JSON')
  }
}

function shapeError(reason: string): ProtocolError {
  return new ProtocolError('item-shape', `Not a valid ${what}: ${reason}`)
}
