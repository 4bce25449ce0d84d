import { randomBytes } from 'node:crypto'
import { aesGcm, MemoryBlobs, Payloads, touchBlobs } from '@fermata/lambda-runtime/payload'
import type { Entry, Value } from '@fermata/lambda-runtime/protocol'
import { describe, expect, it } from 'vitest'
import { decodeValue } from '../../../lambda-runtime/src/values.ts'

const k1 = randomBytes(32).toString('base64')
const codec = aesGcm({ current: 'k1', keys: { k1 } })
const place = { service: 'orders' }
const large: Value = { json: 'x'.repeat(2_000) }
const list: Value = {
  list: [large, { json: 'secret' }, { void: true }, { list: [{ rich: '[1]' }] }],
}

describe('a list of values that others stored', () => {
  it('is packed item by item, and comes back', async () => {
    const payloads = new Payloads({ blobs: new MemoryBlobs(), limitBytes: 1_000, codec })
    const packed = await payloads.pack(list, place)
    expect(packed).toEqual({
      list: [
        { ref: expect.any(String), bytes: expect.any(Number) },
        { sealed: expect.any(String) },
        { void: true },
        { list: [{ sealed: expect.any(String) }] },
      ],
    })
    expect(await payloads.pack(packed, place)).toEqual(packed)
    expect(await payloads.open(packed)).toEqual(list)
  })

  it('is a blob itself where it is too long with all that is in it', async () => {
    const payloads = new Payloads({ blobs: new MemoryBlobs(), limitBytes: 1_000 })
    const many: Value = { list: Array.from({ length: 200 }, (_, i) => ({ json: `item ${i}` })) }
    const packed = await payloads.pack(many, place)
    expect(packed).toMatchObject({ ref: expect.any(String) })
    expect(await payloads.open(packed)).toEqual(many)
  })

  it('keeps the blobs of its items young', async () => {
    let now = 1
    const blobs = new MemoryBlobs(() => now)
    const payloads = new Payloads({ blobs, limitBytes: 1_000 })
    const created: Entry = {
      kind: 'created',
      target: { service: 'orders', handler: 'process' },
      input: await payloads.pack(list, place),
      headers: {},
      origin: { kind: 'collected', how: 'batch', sends: 4 },
      retentionMs: 1,
    }
    now = 2
    await touchBlobs(blobs, [created])
    expect([...blobs.blobs.values()].map(({ touchedAt }) => touchedAt)).toEqual([2])
  })

  it('reaches a handler as an array', () => {
    const value: Value = { list: [{ json: { a: 1 } }, { void: true }, { list: [{ json: 2 }] }] }
    expect(decodeValue(value)).toEqual([{ a: 1 }, undefined, [2]])
  })
})
