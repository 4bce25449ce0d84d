import { type Entry, parseInvocationId, type Segment } from '@fermata/lambda-runtime/protocol'
import {
  type AttributeValue,
  decodeSegmentItem,
  encodeSegmentItem,
  type Item,
  itemBytes,
  segmentKey,
  writeUnits,
} from '@fermata/lambda-runtime/table'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const id = parseInvocationId('orders.0123456789abcdefghjkmnpqrs')
const expires = 1_800_000_000_123
const hourMs = 3_600_000
const uuid = '5f0c1f0e-8a3c-4b8e-9d57-2c1d6c9f4e11'

const first: Segment = {
  protocol: 1,
  n: 0,
  born: 'b-7f3kq9x2',
  epoch: 1,
  by: 'orchestrator',
  writer: 'w-5tz81mnd',
  at: 1_799_990_000_000,
  entries: [{ kind: 'attempt', epoch: 1, deployment: 'd1' }],
}

const aRun = (bytes: number): Entry => {
  const entry = (json: string): Entry => ({
    kind: 'run',
    op: 0,
    name: 'charge',
    result: { kind: 'value', value: { json } },
    at: 1,
    after: 1,
  })
  const empty = JSON.stringify([entry('')]).length
  return entry(pseudoRandomText(bytes - empty))
}

/** Base64-like text, as hard to compress as JSON text gets. */
function pseudoRandomText(length: number): string {
  let text = ''
  let state = 42
  while (text.length < length) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    text += 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'[state >>> 26]
  }
  return text
}

describe('a segment as an item', () => {
  test('looks like this in the table, for ever', () => {
    const item = encodeSegmentItem(id, { ...first, carried: 0 }, expires)

    expect(item).toEqual({
      pk: { S: 'J#orders#orders.0123456789abcdefghjkmnpqrs' },
      sk: { S: '000000000000' },
      v: { N: '1' },
      born: { S: 'b-7f3kq9x2' },
      epoch: { N: '1' },
      by: { S: 'orchestrator' },
      writer: { S: 'w-5tz81mnd' },
      at: { N: '1799990000000' },
      carried: { N: '0' },
      expires: { N: '1800000000123' },
      ttl: { N: '1800003601' },
      entries: { S: '[{"kind":"attempt","epoch":1,"deployment":"d1"}]' },
    })
    expect(itemBytes(item)).toBe(206)
  })

  test('is read back when its entries were deflated', () => {
    const packed = 'i65Wys7MS1GyUkosKUnNLShR0lFKLchPzlCyMtRRSkktyMmvzE3NK1GyUkoxVKqNBQA='
    const item = {
      ...encodeSegmentItem(id, first, expires),
      entries: { B: Buffer.from(packed, 'base64') },
    }

    expect(decodeSegmentItem(item)).toEqual({ segment: first, expires })
  })

  test('puts segment 1,000,000 after segment 999,999', () => {
    expect(segmentKey(999_999) < segmentKey(1_000_000)).toBe(true)
  })

  test('keeps expires with segment 0 alone, and lets the others outlive it (traces 7 and 17)', () => {
    const zero = encodeSegmentItem(id, first, expires)
    const one = encodeSegmentItem(id, { ...first, n: 1 }, expires)

    expect(one['expires']).toBeUndefined()
    expect(secondsOf(zero['ttl'])).toBeGreaterThanOrEqual(expires / 1000)
    expect(secondsOf(one['ttl']) - secondsOf(zero['ttl'])).toBeGreaterThanOrEqual(
      (24 * hourMs) / 1000,
    )
  })

  test.each([0, 1, 17])('costs one write unit while its entries take up to 1 KB (n = %i)', (n) => {
    const nonces = { born: uuid, writer: uuid }
    for (const bytes of [200, 700, 800, 850, 900, 1_000, 1_024]) {
      const segment = { ...first, ...nonces, n, entries: [aRun(bytes)] }
      const item = encodeSegmentItem(id, segment, expires)
      expect([bytes, writeUnits(itemBytes(item))]).toEqual([bytes, 1])
    }
  })

  test('stays readable while that costs no more', () => {
    const item = encodeSegmentItem(id, { ...first, entries: [aRun(700)] }, expires)

    expect(item['entries']).toHaveProperty('S')
  })

  test('shrinks entries that repeat themselves', () => {
    const entries = Array.from({ length: 60 }, (_, op) => ({ ...aRun(200), op }) as Entry)
    const item = encodeSegmentItem(id, { ...first, entries }, expires)

    expect(JSON.stringify(entries).length).toBeGreaterThan(11_000)
    expect(itemBytes(item)).toBeLessThan(2_048)
    expect(decodeSegmentItem(item).segment.entries).toEqual(entries)
  })

  test('is refused with its size when DynamoDB would refuse it', () => {
    const entries = [aRun(600 * 1024)]

    expect(() => encodeSegmentItem(id, { ...first, entries }, expires)).toThrow(
      expect.objectContaining({ code: 'segment-too-large' }),
    )
  })

  test('comes back as it went in', () => {
    fc.assert(
      fc.property(anySegment, fc.nat(), (segment, until) => {
        const stored = decodeSegmentItem(encodeSegmentItem(id, segment, until))

        expect(stored).toEqual({ segment, expires: segment.n === 0 ? until : undefined })
      }),
    )
  })

  test('never fails with anything but a ProtocolError, whatever an item holds', () => {
    const whole = encodeSegmentItem(id, { ...first, carried: 0 }, expires)
    const value: fc.Arbitrary<AttributeValue> = fc.oneof(
      fc.record({ S: fc.string() }),
      fc.record({ N: fc.string() }),
      fc.record({ B: fc.uint8Array() }),
    )
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(whole)), fc.option(value), (name, broken) => {
        const { [name]: _left, ...rest } = whole
        expect(failureOf({ ...rest, ...(broken && { [name]: broken }) })).toBeOneOf([
          undefined,
          'ProtocolError',
        ])
      }),
    )
  })
})

describe('the size of an item', () => {
  test.each([
    ['0', 1],
    ['1', 2],
    ['12', 2],
    ['100', 2],
    ['123', 3],
    ['1234', 3],
    ['1700000000000', 3],
    ['1700000000123', 8],
    ['17000000001235', 8],
    ['-12', 3],
  ])('counts the number %s as %i bytes', (text, bytes) => {
    expect(itemBytes({ n: { N: text } })).toBe(1 + bytes)
  })

  test('counts text in UTF-8 and bytes as they are', () => {
    expect(itemBytes({ é: { S: 'ü€' }, b: { B: new Uint8Array(10) } })).toBe(2 + 5 + 1 + 10)
  })
})

const anySegment: fc.Arbitrary<Segment> = fc.record(
  {
    protocol: fc.constant(1 as const),
    n: fc.nat(),
    born: fc.string(),
    epoch: fc.nat(),
    by: fc.constantFrom('handler' as const, 'orchestrator' as const),
    writer: fc.string(),
    at: fc.nat(),
    carried: fc.nat(),
    entries: fc.array(
      fc.record({ kind: fc.constant('sleep' as const), op: fc.nat(), wakeAt: fc.nat() }),
      {
        maxLength: 60,
      },
    ),
  },
  { requiredKeys: ['protocol', 'n', 'born', 'epoch', 'by', 'writer', 'at', 'entries'] },
)

function secondsOf(value: AttributeValue | undefined): number {
  return value !== undefined && 'N' in value ? Number(value.N) : Number.NaN
}

function failureOf(item: Item): string | undefined {
  try {
    decodeSegmentItem(item)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.name : 'not an error'
  }
}
