import { describe, expect, it } from 'vitest'
import { bytesOf } from '../../../lambda-runtime/src/payload/bytes.ts'
import { bytesValue, type Value } from '../../../lambda-runtime/src/protocol/index.ts'
import { decodeValue, encodeValue } from '../../../lambda-runtime/src/values.ts'

describe('bytes as a value', () => {
  it('come to the handler as bytes', () => {
    const part = new Uint8Array([9, 1, 2]).subarray(1)
    expect(decodeValue(bytesValue(part))).toEqual(new Uint8Array([1, 2]))
    expect(bytesValue(part)).toEqual(encodeValue(new Uint8Array([1, 2])))
    expect(decodeValue(bytesValue(new Uint8Array()))).toEqual(new Uint8Array())
  })

  it.each<[string, Value, Uint8Array | undefined]>([
    ['bytes', bytesValue(new Uint8Array([1])), new Uint8Array([1])],
    ['text, in UTF-8', { json: 'é' }, new Uint8Array([195, 169])],
    ['no other JSON', { json: 1 }, undefined],
    ['no other rich value', { rich: '[["Date","2026-11-22T00:00:00.000Z"]]' }, undefined],
    ['nothing', { void: true }, undefined],
  ])('are those of %s', (_, value, bytes) => {
    expect(bytesOf(value)).toEqual(bytes)
  })
})
