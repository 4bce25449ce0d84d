import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { ProtocolError } from '../protocol/index.ts'
import { type AttributeValue, type Item, itemBytes, writeUnits } from './item.ts'

/** A stored text that unpacks to more than this is not ours. */
const maxUnpackedBytes = 64 * 1024 * 1024

/**
 * Adds `text` to an item as attribute `name`: as it is, readable in the table, while that costs one write
 * unit; else deflated at the fastest level where this saves a unit.
 */
export function withText(rest: Item, name: string, text: string): Item {
  const plain = { ...rest, [name]: { S: text } }
  const plainUnits = writeUnits(itemBytes(plain))
  if (plainUnits === 1) return plain
  const packed = { ...rest, [name]: { B: deflateRawSync(text, { level: 1 }) } }
  return writeUnits(itemBytes(packed)) < plainUnits ? packed : plain
}

/** The text that {@link withText} stored. @throws ProtocolError */
export function textOf(what: string, value: AttributeValue | undefined): string {
  if (value === undefined || 'N' in value) {
    throw new ProtocolError('item-shape', `Not a valid ${what}: its text is missing`)
  }
  if ('S' in value) return value.S
  try {
    return inflateRawSync(value.B, { maxOutputLength: maxUnpackedBytes }).toString()
  } catch {
    throw new ProtocolError('item-compression', `Not a valid ${what}: it cannot be unpacked`)
  }
}
