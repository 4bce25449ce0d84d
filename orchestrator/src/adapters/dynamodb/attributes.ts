import { ProtocolError } from '@fermata/lambda-runtime/protocol'
import type { Item } from '@fermata/lambda-runtime/table'

/** @throws ProtocolError when the item has no such text */
export function textIn(what: string, item: Item, name: string): string {
  const value = item[name]
  if (value !== undefined && 'S' in value) return value.S
  throw new ProtocolError('item-shape', `Not a valid ${what}: ${name} is not text`)
}

/** @throws ProtocolError when the item has no such number */
export function numberIn(what: string, item: Item, name: string): number {
  const value = item[name]
  if (value !== undefined && 'N' in value) return Number(value.N)
  throw new ProtocolError('item-shape', `Not a valid ${what}: ${name} is not a number`)
}
