import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  childInvocationId,
  decodeInvokeReply,
  decodeManifest,
  decodeRequest,
  decodeSegment,
  decodeSegmentJson,
  deriveInvocationId,
  invocationIdFrom,
  keyOf,
  ProtocolError,
  parseAwakeableId,
  parseInvocationId,
} from '../../lambda-runtime/src/protocol/index.ts'
import { invocation, manifests, replies, requests, segments } from './samples.ts'

const runs = { numRuns: 300 }

/** Whether `decode` answers or throws a ProtocolError; everything else it throws is thrown on. */
function isCivil<T>(decode: (input: T) => unknown, input: T): boolean {
  try {
    decode(input)
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
  }
  return true
}

/** `message` with one thing in it, at any depth, replaced, removed or added. */
function damaged(message: unknown): fc.Arbitrary<unknown> {
  if (typeof message !== 'object' || message === null) return fc.anything()
  const members = Object.entries(message)
  const without = (key: string) => Object.fromEntries(members.filter(([name]) => name !== key))
  const rebuild = (key: string, value: unknown): unknown =>
    Array.isArray(message)
      ? [...message.slice(0, Number(key)), value, ...message.slice(Number(key) + 1)]
      : { ...without(key), [key]: value }
  const keys = members.map(([key]) => key)
  return fc.oneof(
    fc.anything(),
    fc
      .tuple(Array.isArray(message) ? fc.constant(`${keys.length}`) : fc.string(), fc.anything())
      .map(([key, value]) => rebuild(key, value)),
    ...(keys.length === 0 ? [] : [fc.constantFrom(...keys).map(without)]),
    ...members.map(([key, value]) =>
      fc
        .constant(null)
        .chain(() => damaged(value))
        .map((worse) => rebuild(key, worse)),
    ),
  )
}

const decoders: readonly (readonly [string, (input: unknown) => unknown, readonly unknown[]])[] = [
  ['decodeRequest', decodeRequest, Object.values(requests).flat()],
  ['decodeInvokeReply', decodeInvokeReply, replies],
  ['decodeManifest', decodeManifest, manifests],
  ['decodeSegment', decodeSegment, segments],
]

describe.each(decoders)('%s', (_, decode, samples) => {
  it('throws nothing but ProtocolError, whatever it is given', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), (input) => {
        expect(isCivil(decode, input)).toBe(true)
      }),
      runs,
    )
  })

  it('throws nothing but ProtocolError for messages that are damaged in one place', () => {
    fc.assert(
      fc.property(fc.constantFrom(...samples).chain(damaged), (input) => {
        expect(isCivil(decode, input)).toBe(true)
      }),
      runs,
    )
  })

  it('throws nothing but ProtocolError for what is nested beyond all measure', () => {
    for (const wrap of [
      (inner: unknown) => ({ kind: 'all', of: [inner] }),
      (inner: unknown) => ({ code: 'x', message: 'y', cause: inner }),
      (inner: unknown) => [inner],
    ]) {
      let nested: unknown = { kind: 'op', op: 1 }
      for (let depth = 0; depth < 20_000; depth++) nested = wrap(nested)
      for (const place of ['waitingOn', 'failure', 'reason', 'input', 'json']) {
        const entries = [
          { kind: 'suspended', [place]: nested },
          { kind: 'paused', [place]: nested },
        ]
        for (const entry of entries) {
          const [first] = samples
          const message = { ...Object(first), entries: [entry], status: entry, services: nested }
          expect(isCivil(decode, message)).toBe(true)
        }
      }
    }
  })
})

describe('decodeSegmentJson', () => {
  it('throws nothing but ProtocolError, whatever the text is', () => {
    const texts = segments.map((segment) => JSON.stringify(segment))
    const cut = fc
      .tuple(fc.constantFrom(...texts), fc.nat(), fc.string())
      .map(([text, at, more]) => text.slice(0, at % text.length) + more)
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), cut), (text) => {
        expect(isCivil(decodeSegmentJson, text)).toBe(true)
      }),
      runs,
    )
  })
})

describe.each([
  ['parseInvocationId', parseInvocationId],
  ['parseAwakeableId', parseAwakeableId],
])('%s', (_, parse) => {
  it('throws nothing but ProtocolError, whatever the text is', () => {
    const near = fc.tuple(fc.string(), fc.string()).map(([a, b]) => `${a}${invocation}${b}`)
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), near), (text) => {
        expect(isCivil(parse, text)).toBe(true)
      }),
      runs,
    )
  })
})

describe('derived ids', () => {
  const parts = fc.array(fc.string(), { maxLength: 4 })

  it('are the same for the same, and differ for what differs', () => {
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        const same = JSON.stringify(a) === JSON.stringify(b)
        expect(deriveInvocationId('s', a) === deriveInvocationId('s', b)).toBe(same)
      }),
    )
    expect(deriveInvocationId('s', ['a', 'bc'])).not.toBe(deriveInvocationId('s', ['ab', 'c']))
    expect(childInvocationId('s', invocation, 1)).not.toBe(childInvocationId('s', invocation, 11))
  })

  it('hold any key, and give it back', () => {
    const key = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(key, parts, (text, rest) => {
        const id = deriveInvocationId({ service: 's', key: text }, rest)
        expect(parseInvocationId(id)).toBe(id)
        expect(keyOf(id)).toBe(text)
      }),
    )
  })

  it.each([
    ['an empty one', ''],
    ['one of more than 512 bytes', 'ü'.repeat(257)],
    ['one that is no text', '\ud800'],
  ])('refuse as a key %s', (_, key) => {
    const entry = { kind: 'call', op: 0, target: { service: 's', handler: 'h', key }, input: {} }
    const [segment] = segments
    expect(() => decodeSegment({ ...segment, entries: [entry] })).toThrow('expected a key')
  })

  it('from any bytes are ids', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 17, maxLength: 40 }), (bytes) => {
        const id = invocationIdFrom('s', bytes)
        expect(parseInvocationId(id)).toBe(id)
      }),
    )
  })
})
