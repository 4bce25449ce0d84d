import { decodeJsonWith, ProtocolError, type Value, valueSchema } from '../protocol/index.ts'
import { textOf, withText } from './compressed.ts'
import { type Item, itemBytes, maxItemBytes } from './item.ts'
import type { ItemKey } from './segment-item.ts'

/** One large value of an object's state, beside its head: written once, by the holder of mailbox slot `slot`. */
export type StatePlace = {
  readonly service: string
  readonly key: string
  readonly name: string
  readonly slot: number
}

const what = 'state item'

/** The partition of one key of an object or workflow. */
export function objectKey(service: string, key: string): string {
  return `O#${service}#${key}`
}

/** The name is written so that no `#` is in it. */
export function stateKey(name: string, slot: number): string {
  return `s#${encodeURIComponent(name)}#${String(slot).padStart(12, '0')}`
}

export function stateItemKey({ service, key, name, slot }: StatePlace): ItemKey {
  return { pk: { S: objectKey(service, key) }, sk: { S: stateKey(name, slot) } }
}

/**
 * The value as one item, without a `ttl`: the state of an object does not expire, that of a workflow as its head does.
 * @throws ProtocolError `segment-too-large` over DynamoDB's 400 KB
 */
export function encodeStateItem(place: StatePlace, value: Value): Item {
  const item = withText(stateItemKey(place), 'value', JSON.stringify(value))
  if (itemBytes(item) > maxItemBytes) {
    throw new ProtocolError(
      'segment-too-large',
      `"${place.name}" of ${place.service}/${place.key} takes ${itemBytes(item)} bytes, an item of the table ${maxItemBytes} at most`,
    )
  }
  return item
}

/** @throws ProtocolError and nothing else, whatever the item holds */
export function decodeStateItem(item: Item): Value {
  return decodeJsonWith(what, valueSchema, textOf(what, item['value']))
}
