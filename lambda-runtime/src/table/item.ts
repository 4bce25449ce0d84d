/** One attribute as DynamoDB writes it; bytes are bytes here and base64 on the wire. */
export type AttributeValue =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly B: Uint8Array }

export type Item = Readonly<Record<string, AttributeValue>>

/** DynamoDB's limit for one item. */
export const maxItemBytes = 400 * 1024

/** The size of an item as DynamoDB counts it: names and values, text as UTF-8. */
export function itemBytes(item: Item): number {
  return Object.entries(item).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + attributeBytes(value),
    0,
  )
}

/** What a put of an item of this size costs: one write unit per started KB. */
export function writeUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / 1024))
}

function attributeBytes(value: AttributeValue): number {
  if ('S' in value) return Buffer.byteLength(value.S)
  if ('B' in value) return value.B.byteLength
  return numberBytes(value.N)
}

/** A number is kept in pairs of decimal digits counted from the point, without the zeros at both ends. */
function numberBytes(text: string): number {
  const [integer = '', fraction = ''] = text.replace('-', '').split('.')
  const negative = text.startsWith('-') ? 1 : 0
  const left = integer.replace(/^0+/, '')
  const digits = (left + fraction).replace(/0+$/, '').replace(/^0+/, '').length
  if (digits === 0) return 1
  const alone = left.length % 2
  return 1 + alone + Math.ceil((digits - alone) / 2) + negative
}
