import { bytesValue, deriveInvocationId } from '@fermata/lambda-runtime/protocol'
import {
  maxRecordBytes,
  type RoutedRecord,
  routeRecord,
  unroutable,
} from '@fermata/orchestrator/domain/subscriptions/route-record'
import { parseSubscription } from '@fermata/orchestrator/domain/subscriptions/subscription'
import type { SourceRecord } from '@fermata/orchestrator/ports'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aRecord } from './support/records.ts'

const subscription = parseSubscription({
  name: 'orders',
  source: 'kafka://main/orders',
  sink: 'checkout/process',
})
const route = { subscription, generation: 1 }
const receiver = { isKeyed: false }
const bytes = (...values: number[]) => Uint8Array.from(values)

function invocationOf(record: SourceRecord) {
  const routed = routeRecord(route, record, receiver)
  if (routed.kind === 'invocation') return routed.invocation
  throw new Error(routed.failure.message)
}

function failureOf(routed: RoutedRecord) {
  return routed.kind === 'dead' ? routed.failure : undefined
}

describe('a record', () => {
  test('becomes an invocation whose id follows from its position', () => {
    const record = aRecord({ key: Buffer.from('k1'), headers: [['trace', Buffer.from('t')]] })

    expect(invocationOf(record)).toEqual({
      id: deriveInvocationId('checkout', ['kafka', 'orders', '1', 'orders', '3', '42']),
      target: { service: 'checkout', handler: 'process' },
      input: { json: { n: 1 } },
      headers: { trace: 't' },
      origin: {
        kind: 'kafka',
        subscription: 'orders',
        topic: 'orders',
        partition: 3,
        offset: '42',
        timestamp: 1_700_000_000_000,
        key: 'k1',
      },
    })
  })

  test('of another generation, partition or offset is another invocation', () => {
    const ids = [
      routeRecord({ subscription, generation: 2 }, aRecord(), receiver),
      routeRecord(route, aRecord(), receiver),
      routeRecord(route, aRecord({ partition: 4 }), receiver),
      routeRecord(route, aRecord({ offset: '43' }), receiver),
      routeRecord(route, aRecord({ topic: 'others' }), receiver),
    ].map((routed) => (routed.kind === 'invocation' ? routed.invocation.id : ''))

    expect(new Set(ids).size).toBe(5)
  })

  test('without a value is a tombstone: null', () => {
    expect(invocationOf(aRecord({ value: null })).input).toEqual({ json: null })
    expect(invocationOf(aRecord()).origin).not.toHaveProperty('key')
  })

  test('takes no header that stands for sealed ones: a sender cannot have sealed any', () => {
    const sealed = ['fermata-sealed', Buffer.from('AAAA')] as const
    const record = aRecord({ headers: [sealed, ['trace', Buffer.from('t')]] })
    expect(invocationOf(record).headers).toEqual({ trace: 't' })
  })

  test('keeps keys and headers that are no text in base64, and never mixes the two forms up', () => {
    const record = aRecord({
      key: bytes(0xff, 0x00),
      headers: [
        ['twice', Buffer.from('1')],
        ['twice', Buffer.from('2')],
        ['binary', bytes(0xfe)],
        ['__proto__', Buffer.from('p')],
      ],
    })
    const disguised = aRecord({ key: Buffer.from('base64:/wA=') })

    expect(invocationOf(record).origin.key).toBe('base64:/wA=')
    expect(invocationOf(disguised).origin.key).toBe('base64:YmFzZTY0Oi93QT0=')
    expect(Object.entries(invocationOf(record).headers)).toEqual([
      ['twice', '2'],
      ['binary', 'base64:/g=='],
      ['__proto__', 'p'],
    ])
  })

  test('has a key of its own text for each key', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), fc.uint8Array({ maxLength: 12 }), (a, b) => {
        const [one, two] = [a, b].map((key) => invocationOf(aRecord({ key })).origin.key)
        expect(one === two).toBe(Buffer.compare(a, b) === 0)
      }),
    )
  })

  test.each<[string, SourceRecord['value'], RegExp]>([
    ['empty', bytes(), /is empty/],
    ['not UTF-8', bytes(0x22, 0xff, 0x22), /is not UTF-8/],
    ['not JSON', Buffer.from('{"n":'), /orders\/3\/42 is not JSON \(SyntaxError/],
    ['nested too deeply', Buffer.from('['.repeat(501) + ']'.repeat(501)), /nested deeper than 500/],
  ])('whose value is %s cannot be decoded', (_, value, message) => {
    expect(failureOf(routeRecord(route, aRecord({ value }), receiver))).toMatchObject({
      code: 'record-undecodable',
      message: expect.stringMatching(message),
    })
  })

  test('may have any number of brackets that are text', () => {
    const text = JSON.stringify({ a: '\\"[{'.repeat(600), b: [[1], [2]], c: {} })

    expect(invocationOf(aRecord({ text })).input).toEqual({ json: JSON.parse(text) })
  })

  test('decodes to what JSON says, whatever that is', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        expect(invocationOf(aRecord({ text })).input).toEqual({ json: JSON.parse(text) })
      }),
    )
  })

  test('is too large when value, key and headers together are', () => {
    const half = Buffer.alloc(maxRecordBytes / 2, '1')
    const fits = aRecord({ key: half, value: half })
    const headers = [['h', Buffer.from('x')]] as const

    expect(invocationOf(fits).id).toBeDefined()
    expect(failureOf(routeRecord(route, { ...fits, headers }, receiver))).toMatchObject({
      code: 'record-too-large',
      message: expect.stringContaining('256002 bytes'),
    })
    // Where there is a place for blobs, an item's limit is none.
    const larger = { ...route, maxBytes: 256_002 }
    expect(routeRecord(larger, { ...fits, headers }, receiver).kind).toBe('invocation')
  })

  test('that nobody handles says whom it is for', () => {
    expect(unroutable(route, aRecord())).toMatchObject({
      code: 'record-unroutable',
      message: expect.stringContaining('checkout/process'),
    })
  })
})

describe('a record for a handler with a serde', () => {
  const inputOf = (value: SourceRecord['value'], accepts: string) => {
    const routed = routeRecord(route, aRecord({ value }), { isKeyed: false, accepts })
    return routed.kind === 'invocation' ? routed.invocation.input : routed.failure
  }

  test('is its bytes, whatever they are', () => {
    const octets = 'application/octet-stream'
    const avro = bytes(0x00, 0xff, 0x10, 0x80)
    expect(inputOf(avro, octets)).toEqual(bytesValue(avro))
    expect(inputOf(Buffer.from('{"n":1}'), octets)).toEqual(bytesValue(Buffer.from('{"n":1}')))
    expect(inputOf(bytes(), octets)).toEqual(bytesValue(bytes()))
  })

  test('is text where it is one, and the handler takes text', () => {
    expect(inputOf(Buffer.from('\ufeffn;1'), 'text/csv')).toEqual({ json: '\ufeffn;1' })
    expect(inputOf(bytes(0xe9), 'text/csv')).toEqual(bytesValue(bytes(0xe9)))
  })

  test('is dead without a value', () => {
    expect(inputOf(null, 'text/csv')).toMatchObject({
      code: 'record-undecodable',
      message: 'The value of record orders/3/42 is null, and its handler takes text/csv',
    })
  })
})

describe('routing', () => {
  test('lets through what is a mistake of its own', () => {
    const broken = aRecord()
    Object.defineProperty(broken, 'offset', {
      get: () => {
        throw new TypeError('no offset')
      },
    })

    expect(() => routeRecord(route, broken, receiver)).toThrow(TypeError)
  })
})
