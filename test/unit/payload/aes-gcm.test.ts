import { randomBytes } from 'node:crypto'
import { aesGcm } from '@fermata/lambda-runtime/payload'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsePayloadKeys } from '../../../lambda-runtime/src/payload/aes-gcm.ts'

const key = () => randomBytes(32).toString('base64')
const [k1, k2] = [key(), key()]
const old = aesGcm({ current: 'k1', keys: { k1 } })
const rotated = aesGcm({ current: 'k2', keys: { k1, k2 } })
const text = Buffer.from('a secret')

function thrown(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return undefined
}

describe('AES-GCM', () => {
  it('opens what it has sealed, whatever it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
        expect(Buffer.from(rotated.open(rotated.seal(bytes) as Uint8Array) as Uint8Array)).toEqual(
          Buffer.from(bytes),
        )
      }),
    )
  })

  it('hides what it seals, and never seals it the same way twice', () => {
    const [one, other] = [old.seal(text) as Buffer, old.seal(text) as Buffer]
    expect(one.includes('secret')).toBe(false)
    expect(one.equals(other)).toBe(false)
  })

  it('seals with the current key, and opens with an older one', () => {
    const before = old.seal(text) as Uint8Array
    expect(rotated.open(before)).toEqual(text)
    const after = rotated.seal(text) as Uint8Array
    expect(thrown(() => old.open(after))).toMatchObject({
      code: 'payload-key-unknown',
      message: expect.stringContaining('"k2"'),
    })
  })

  it('finds out about every changed byte', () => {
    const sealed = old.seal(text) as Buffer
    for (let at = 0; at < sealed.byteLength; at++) {
      const changed = Buffer.from(sealed)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(
        thrown(() => old.open(changed)),
        `byte ${at}`,
      ).toBeDefined()
    }
    for (let length = 0; length < sealed.byteLength; length++) {
      expect(
        thrown(() => old.open(sealed.subarray(0, length))),
        `${length} bytes`,
      ).toBeDefined()
    }
  })

  it('does not take what another key of the same id has sealed', () => {
    const other = aesGcm({ current: 'k1', keys: { k1: k2 } })
    const sealed = other.seal(text) as Uint8Array
    expect(thrown(() => old.open(sealed))).toMatchObject({ code: 'payload-corrupt' })
  })

  it.each([
    ['a current key that is not there', { current: 'k3', keys: { k1 } }],
    ['a key that is too short', { current: 'k1', keys: { k1: 'c2hvcnQ=' } }],
    ['an id that is empty', { current: '', keys: { '': k1 } }],
    ['an id that is too long', { current: 'k1', keys: { k1, ['k'.repeat(101)]: k2 } }],
  ])('refuses %s, and repeats no key', (_, keys) => {
    const error = thrown(() => aesGcm(keys))
    expect(error).toMatchObject({ code: 'option-invalid' })
    expect(String(error)).not.toContain(k1)
  })
})

describe('payload keys in a variable', () => {
  it('are JSON', () => {
    const keys = { current: 'k1', keys: { k1, k2 } }
    expect(parsePayloadKeys(JSON.stringify(keys))).toEqual(keys)
  })

  it.each([
    'nonsense',
    `{"current":"${k1}`,
    '{}',
    '{"current":"k1"}',
    '{"current":"k1","keys":null}',
    '{"current":1,"keys":{}}',
    '{"current":"k1","keys":{"k1":1}}',
  ])('that are %s are refused, and not repeated', (wrong) => {
    const error = thrown(() => parsePayloadKeys(wrong))
    expect(error).toMatchObject({ code: 'option-invalid' })
    expect(String(error)).not.toContain(k1)
  })
})
