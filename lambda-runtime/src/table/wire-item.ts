import { ProtocolError } from '../protocol/index.ts'
import type { AttributeValue, Item } from './item.ts'

/** An item as DynamoDB's JSON carries it: bytes as base64. */
export type WireItem = Readonly<Record<string, Readonly<Record<string, string>>>>

export function toWireItem(item: Item): WireItem {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, toWire(value)]))
}

/** Keeps the attributes that this project's items have; what else stands there is left out. @throws ProtocolError */
export function fromWireItem(input: unknown): Item {
  if (typeof input !== 'object' || input === null) {
    throw new ProtocolError('item-shape', 'Not a valid item: it is not an object')
  }
  const item: Record<string, AttributeValue> = {}
  for (const [name, value] of Object.entries(input)) {
    const read = fromWire(value)
    if (read !== undefined) item[name] = read
  }
  return item
}

function toWire(value: AttributeValue): Readonly<Record<string, string>> {
  return 'B' in value ? { B: Buffer.from(value.B).toString('base64') } : { ...value }
}

function fromWire(value: unknown): AttributeValue | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if ('S' in value && typeof value.S === 'string') return { S: value.S }
  if ('N' in value && typeof value.N === 'string') return { N: value.N }
  if ('B' in value && typeof value.B === 'string') return { B: Buffer.from(value.B, 'base64') }
  return undefined
}
