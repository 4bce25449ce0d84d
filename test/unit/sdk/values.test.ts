import { isDeepStrictEqual } from 'node:util'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ValueError } from '../../../lambda-runtime/src/errors.ts'
import { type Value, valueSchema } from '../../../lambda-runtime/src/protocol/index.ts'
import { decodeValue, encodeValue } from '../../../lambda-runtime/src/values.ts'
import { plainJson, storable } from './storable.ts'

/** As the value travels: in a segment, as JSON. */
function throughTheTable(value: unknown): unknown {
  return decodeValue(JSON.parse(JSON.stringify(encodeValue(value))))
}

function refusal(value: unknown): { code: string; path: string; message: string } {
  try {
    encodeValue(value)
  } catch (error) {
    if (error instanceof ValueError) return error
  }
  throw new Error('It was not refused')
}

describe('a stored value', () => {
  it('comes back equal, whatever storable things it is made of', () => {
    fc.assert(
      fc.property(storable, (value) => {
        expect(isDeepStrictEqual(throughTheTable(value), value)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('is plain JSON when JSON carries it exactly, even with keys like __proto__', () => {
    fc.assert(
      fc.property(plainJson, (value) => {
        expect(encodeValue(value)).toHaveProperty('json')
        expect(isDeepStrictEqual(throughTheTable(value), value)).toBe(true)
      }),
    )
  })

  it('is a valid value of the protocol', () => {
    fc.assert(
      fc.property(storable, (value) => {
        expect(valueSchema['~standard'].validate(encodeValue(value))).toHaveProperty('value')
      }),
    )
  })

  it.each([
    ['undefined', undefined, { void: true }],
    ['null', null, { json: null }],
    ['a plain object', { a: [1, 'b', null, true] }, { json: { a: [1, 'b', null, true] } }],
  ])('is readable where it is %s', (_, value, stored) => {
    expect(encodeValue(value)).toEqual(stored)
  })

  it.each([
    ['minus zero', -0],
    ['NaN', [Number.NaN]],
    ['infinity', { far: Number.NEGATIVE_INFINITY }],
    ['a member that is undefined', { note: undefined }],
    ['a hole', Object.assign(new Array(3), { 0: 'a', 2: 'c' })],
    ['an object without prototype', Object.create(null)],
    ['a date', new Date(0)],
  ])('keeps %s, which JSON would lose', (_, value) => {
    expect(encodeValue(value)).toHaveProperty('rich')
    expect(isDeepStrictEqual(throughTheTable(value), value)).toBe(true)
  })

  it('keeps an invalid date as one', () => {
    expect(throughTheTable([new Date(Number.NaN)])).toStrictEqual([new Date(Number.NaN)])
  })

  it('does not pollute the prototype with a key called __proto__', () => {
    const back = throughTheTable(JSON.parse('{"__proto__":{"admin":true}}'))
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype)
    expect(Object.keys(Object(back))).toEqual(['__proto__'])
  })

  it('does not change when the original does', () => {
    const original = { items: [1], at: new Map([['a', { b: 1 }]]) }
    const plain = { items: original.items }
    const [encoded, encodedPlain] = [encodeValue(original), encodeValue(plain)]
    original.items.push(2)
    original.at.clear()
    expect(decodeValue(encoded)).toEqual({ items: [1], at: new Map([['a', { b: 1 }]]) })
    expect(decodeValue(encodedPlain)).toEqual({ items: [1] })
  })

  it('is a fresh copy at each hand-out', () => {
    const stored = encodeValue({ items: [1] })
    Object.assign(Object(decodeValue(stored)), { items: [] })
    expect(decodeValue(stored)).toEqual({ items: [1] })
  })

  it('may contain one object in two places', () => {
    const address = { city: 'Bern' }
    expect(throughTheTable({ from: address, to: address })).toEqual({ from: address, to: address })
  })

  it('carries only the bytes that a view shows, and a Buffer as a Uint8Array', () => {
    const view = new Uint8Array(10_000).subarray(3, 5)
    expect(JSON.stringify(encodeValue(view)).length).toBeLessThan(100)
    const back = throughTheTable({ body: Buffer.from('hi') })
    expect(back).toStrictEqual({ body: new Uint8Array([104, 105]) })
  })

  it('may come from another realm, as response bodies do under some test runners', () => {
    const foreign: unknown = runInNewContext('({ list: [{ a: 1 }] })')
    expect(throughTheTable(foreign)).toStrictEqual({ list: [{ a: 1 }] })
  })
})

class Order {
  readonly id = 1
}
class Basket extends Array<number> {}

describe('a value that cannot be stored', () => {
  const cyclic: { self?: unknown; list: unknown[] } = { list: [] }
  cyclic.list.push({ cyclic })

  it.each([
    ['a function', () => 1, '$', 'is a function'],
    [
      'a deep function',
      { order: { items: [0, 1, { price() {} }] } },
      '$.order.items[2].price',
      'is a function',
    ],
    ['a symbol', [Symbol('x')], '$[0]', 'is a symbol'],
    ['a class instance', { order: new Order() }, '$.order', 'is an instance of Order'],
    ['an error', { 'the cause': new Error('x') }, '$["the cause"]', 'is an instance of Error'],
    ['a promise', [Promise.resolve()], '$[0]', 'is an instance of Promise'],
    ['a boxed number', Object(1), '$', 'is an instance of Number'],
    ['an array of a class', { basket: new Basket() }, '$.basket', 'is an instance of Basket'],
    ['a cycle', cyclic, '$.list[0].cyclic', 'contains itself'],
    ['a function in a map', new Map([['a', () => 1]]), '$.get("a")', 'is a function'],
    ['a function as a key', new Map([[() => 1, 'a']]), '$.keys()[0]', 'is a function'],
    [
      'a member of a map under an object',
      new Map([[{}, [() => 1]]]),
      '$.get(…)[0]',
      'is a function',
    ],
    ['a function in a set', { s: new Set([1, () => 1]) }, '$.s.values()[1]', 'is a function'],
    [
      'a member under a symbol',
      { a: { [Symbol('s')]: 1 } },
      '$.a[Symbol(s)]',
      'is kept under a symbol',
    ],
    ['a match of a pattern', 'a'.match(/a/), '$.index', 'is a member of an array'],
    ['its own toJSON', { toJSON: () => 1 }, '$.toJSON', 'is a function'],
    [
      'the child of a nameless prototype',
      Object.create(Object.create(null)),
      '$',
      'is an instance of a class',
    ],
  ])('is refused with the path to it: %s', (_, value, path, problem) => {
    const error = refusal(value)
    expect(error).toMatchObject({ code: 'value-unstorable', path })
    expect(error.message).toContain(`${path} ${problem}`)
  })

  it('is refused when a key called __proto__ stands beside something rich', () => {
    const value = { a: JSON.parse('{"__proto__":1}'), at: new Date(0) }
    expect(refusal(value)).toMatchObject({ code: 'value-unstorable', path: '$.a' })
  })

  it('is refused when it is nested beyond all measure', () => {
    let nested: unknown = 0
    for (let depth = 0; depth < 100_000; depth++) nested = [nested]
    expect(refusal(nested).message).toContain('nested too deeply')
  })

  it('is refused when reading it throws, with that error as the cause', () => {
    const cause = new Error('no')
    const value = {
      a: {
        get b() {
          throw cause
        },
      },
    }
    expect(refusal(value)).toMatchObject({ path: '$.a.b', cause })
  })
})

describe('something stored that cannot be read', () => {
  it.each<[string, Value]>([
    ['text that is no rich value', { rich: 'nonsense' }],
    ['a type of another version', { rich: '[["Temporal.Whatever","x"]]' }],
    ['empty text', { rich: '' }],
  ])('is refused: %s', (_, stored) => {
    expect(() => decodeValue(stored)).toThrow(ValueError)
  })

  it('is refused when it is nested beyond all measure', () => {
    const json: Value = JSON.parse(`{"json":${'['.repeat(50_000)}${']'.repeat(50_000)}}`)
    expect(() => decodeValue(json)).toThrow(ValueError)
  })

  it('throws nothing but ValueError, whatever the text is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (rich) => {
        let error: unknown
        try {
          decodeValue({ rich })
        } catch (thrown) {
          error = thrown
        }
        expect(error === undefined || error instanceof ValueError).toBe(true)
      }),
    )
  })
})
