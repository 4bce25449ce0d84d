import {
  deadRecordName,
  decodeDeadRecord,
  encodeDeadRecord,
} from '@fermata/orchestrator/domain/subscriptions/dead-record'
import { describe, expect, test } from 'vitest'
import { aRecord } from './support/records.ts'

const failure = { code: 'record-undecodable', message: 'no JSON' }
const base64 = (text: string) => Buffer.from(text).toString('base64')

describe('a dead record', () => {
  test('keeps everything of a small record', () => {
    const record = aRecord({ key: Buffer.from('k'), text: '{', headers: [['h', Buffer.from('v')]] })

    expect(decodeDeadRecord(encodeDeadRecord('orders', record, failure))).toEqual({
      subscription: 'orders',
      topic: 'orders',
      partition: 3,
      offset: '42',
      timestamp: 1_700_000_000_000,
      failure,
      key: base64('k'),
      keyBytes: 1,
      value: base64('{'),
      valueBytes: 1,
      headers: [['h', base64('v')]],
      headerCount: 1,
    })
  })

  test('has no key and no value where the record had none', () => {
    const dead = decodeDeadRecord(encodeDeadRecord('orders', aRecord({ value: null }), failure))

    expect(dead).toMatchObject({ keyBytes: null, valueBytes: null })
    expect(dead).not.toHaveProperty('key')
    expect(dead).not.toHaveProperty('value')
  })

  test('leaves out what an item cannot hold, and says how much that was', () => {
    const headers = ['a', 'b', 'c'].map((name) => [name, Buffer.alloc(7_000)] as const)
    const record = aRecord({ key: Buffer.alloc(20_000), value: Buffer.alloc(300_000), headers })
    const body = encodeDeadRecord('orders', record, failure)

    expect(decodeDeadRecord(body)).toMatchObject({
      keyBytes: 20_000,
      valueBytes: 300_000,
      headerCount: 3,
      headers: [
        ['a', expect.anything()],
        ['b', expect.anything()],
      ],
    })
    expect(JSON.stringify(body).length).toBeLessThan(300_000)
  })

  test('is known by its position alone where nobody is to read what it holds', () => {
    const record = aRecord({
      key: Buffer.from('secret'),
      value: Buffer.from('secret'),
      headers: [['a', Buffer.from('secret')]],
    })
    const body = encodeDeadRecord('orders', record, failure, 'position')
    const dead = decodeDeadRecord(body)

    expect(dead).toMatchObject({ keyBytes: 6, valueBytes: 6, headers: [], headerCount: 1 })
    expect(dead).not.toHaveProperty('key')
    expect(dead).not.toHaveProperty('value')
    expect(JSON.stringify(body)).not.toContain(Buffer.from('secret').toString('base64'))
  })

  test('cannot be read from another shape', () => {
    expect(decodeDeadRecord({ topic: 'orders' })).toBeUndefined()
  })

  test('has a name that sorts by position', () => {
    const name = (partition: number, offset: string) =>
      deadRecordName('orders', { topic: 't', partition, offset })
    const sorted = [name(2, '9'), name(2, '10'), name(10, '1'), name(10, '9007199254740993')]

    expect(sorted.toSorted()).toEqual(sorted)
    expect(sorted[0]).toBe('orders#t#0000000002#00000000000000000009')
  })
})
