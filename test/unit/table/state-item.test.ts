import {
  decodeStateItem,
  encodeStateItem,
  objectKey,
  stateItemKey,
  stateKey,
} from '@fermata/lambda-runtime/table'
import { describe, expect, it } from 'vitest'

const place = { service: 'cart', key: 'k#1', name: 'a#b / c', slot: 42 }

describe('the item of a large value of state', () => {
  it('stands beside the head of its key, by name and slot', () => {
    expect(stateItemKey(place)).toEqual({
      pk: { S: 'O#cart#k#1' },
      sk: { S: 's#a%23b%20%2F%20c#000000000042' },
    })
    expect([objectKey('cart', 'k'), stateKey('n', 1)]).toEqual(['O#cart#k', 's#n#000000000001'])
  })

  it('keeps names apart, however they are made up', () => {
    const names = ['a', 'a#', '%61', 'A', 'ä', 'a#000000000001']
    expect(new Set(names.map((name) => stateKey(name, 1))).size).toBe(names.length)
  })

  it.each([
    ['short', { json: { a: [1, null] } }],
    ['long, and compressed', { json: 'x'.repeat(50_000) }],
    ['rich', { rich: '[["Date","1970-01-01T00:00:00.000Z"]]' }],
    ['none', { void: true as const }],
  ])('gives back a value that is %s', (_, value) => {
    const item = encodeStateItem(place, value)
    expect(decodeStateItem(item)).toEqual(value)
    expect(item['ttl']).toBeUndefined()
  })

  it('is packed where that saves a write', () => {
    const item = encodeStateItem(place, { json: 'x'.repeat(50_000) })
    expect(item['value']).toHaveProperty('B')
  })

  it('is refused when it is too large for the table, and when it is not one of ours', () => {
    const random = Array.from({ length: 80_000 }, (_, i) =>
      Math.imul(i, 2_654_435_761).toString(36),
    )
    expect(() => encodeStateItem(place, { json: random })).toThrow(
      expect.objectContaining({ code: 'segment-too-large' }),
    )
    expect(() => decodeStateItem({ value: { S: '{' } })).toThrow(
      expect.objectContaining({ code: 'protocol-json' }),
    )
    expect(() => decodeStateItem({ value: { S: '{"other":1}' } })).toThrow(
      expect.objectContaining({ code: 'protocol-shape' }),
    )
    expect(() => decodeStateItem({})).toThrow(expect.objectContaining({ code: 'item-shape' }))
  })
})
