import { randomBytes } from 'node:crypto'
import {
  aesGcm,
  MemoryBlobs,
  type PayloadCodec,
  Payloads,
  type PayloadsOptions,
  touchBlobs,
} from '@fermata/lambda-runtime/payload'
import {
  type Entry,
  type EntryKind,
  entryKinds,
  type Failure,
  type Value,
} from '@fermata/lambda-runtime/protocol'
import { describe, expect, it } from 'vitest'
import { goldens } from '../../protocol/samples.ts'

const k1 = randomBytes(32).toString('base64')
const codec = aesGcm({ current: 'k1', keys: { k1 } })
const place = { service: 'orders' }
const large: Value = { json: 'x'.repeat(5_000) }
const small: Value = { json: { secret: 'word' } }

function setUp(options: PayloadsOptions = {}) {
  const blobs = new MemoryBlobs()
  return { blobs, payloads: new Payloads({ blobs, limitBytes: 1_000, ...options }) }
}

const failure: Failure = {
  code: 'terminal',
  name: 'TerminalError',
  message: 'the card of Jane Doe was declined',
  status: 402,
  stack: 'Error: Jane Doe\n    at charge',
  cause: { code: 'card-declined', message: 'Jane Doe has no money' },
}

describe('a value over the limit', () => {
  it('is kept as a blob that its content names, and comes back', async () => {
    const { payloads, blobs } = setUp()
    const packed = await payloads.pack(large, place)
    expect(packed).toEqual({
      ref: expect.stringMatching(/^journal\/orders\/[0-9a-f]{64}$/),
      bytes: 5_011,
    })
    expect(await payloads.pack(large, place)).toEqual(packed)
    expect(blobs.blobs.size).toBe(1)
    expect(await payloads.open(packed)).toEqual(large)
  })

  it('stays where it is without a place for blobs', async () => {
    const { payloads } = setUp({ blobs: undefined })
    expect(await payloads.pack(large, place)).toBe(large)
  })

  it('of an object’s state stands apart: no rule deletes those', async () => {
    const packed = await setUp().payloads.pack(large, { ...place, lasting: 'state' })
    expect(packed).toMatchObject({ ref: expect.stringMatching(/^state\/orders\//) })
  })

  it('is measured as it is stored: at the limit it stays', async () => {
    const { payloads } = setUp()
    const fits: Value = { json: 'x'.repeat(1_000 - '{"json":""}'.length) }
    expect(await payloads.pack(fits, place)).toBe(fits)
    const over: Value = { json: 'ü'.repeat(500) }
    expect(await payloads.pack(over, place)).toHaveProperty('ref')
  })

  it.each([
    ['gone', 'payload-missing', (blobs: MemoryBlobs) => blobs.blobs.clear()],
    [
      'changed',
      'payload-corrupt',
      (blobs: MemoryBlobs) => {
        for (const key of blobs.blobs.keys()) void blobs.put(key, Buffer.from('{"json":1}'))
      },
    ],
  ])('that is %s is known to be: %s', async (_, code, damage) => {
    const { payloads, blobs } = setUp()
    const packed = await payloads.pack(large, place)
    damage(blobs)
    await expect(payloads.open(packed)).rejects.toMatchObject({ code })
  })

  it.each(['../../etc/passwd', 'journal/orders/abc', `journal/or/ders/${'a'.repeat(64)}`])(
    'is not looked for under %s',
    async (ref) => {
      const { payloads } = setUp()
      await expect(payloads.open({ ref, bytes: 1 })).rejects.toMatchObject({
        code: 'payload-corrupt',
      })
    },
  )

  it('cannot be opened where there is no store', async () => {
    const packed = await setUp().payloads.pack(large, place)
    const { payloads } = setUp({ blobs: undefined })
    await expect(payloads.open(packed)).rejects.toMatchObject({ code: 'blobs-unreachable' })
  })

  it('fails with the reason when the store fails', async () => {
    const blobs = new MemoryBlobs()
    blobs.put = () => Promise.reject(new Error('disk full'))
    const { payloads } = setUp({ blobs })
    await expect(payloads.pack(large, place)).rejects.toMatchObject({
      code: 'blobs-unreachable',
      cause: new Error('disk full'),
    })
  })
})

describe('a codec', () => {
  it('seals first: a blob holds what is sealed', async () => {
    const { payloads, blobs } = setUp({ codec })
    const packed = await payloads.pack({ json: 'secret '.repeat(500) }, place)
    expect(packed).toHaveProperty('ref')
    const [blob] = blobs.blobs.values()
    expect(Buffer.from(blob?.bytes ?? '').toString()).toMatch(/^{"sealed":"[A-Za-z0-9+/=]+"}$/)
    expect(await payloads.open(packed)).toEqual({ json: 'secret '.repeat(500) })
  })

  it('seals what is small as well, and nothing that is none', async () => {
    const { payloads } = setUp({ codec })
    const packed = await payloads.pack(small, place)
    expect(Object.keys(packed)).toEqual(['sealed'])
    expect(await payloads.open(packed)).toEqual(small)
    expect(await payloads.pack({ void: true }, place)).toEqual({ void: true })
  })

  it('changes nothing that is packed already', async () => {
    const { payloads } = setUp({ codec })
    for (const value of [small, large]) {
      const packed = await payloads.pack(value, place)
      expect(await payloads.pack(packed, place)).toEqual(packed)
    }
    const sealed = await payloads.packFailure(failure)
    expect(await payloads.packFailure(sealed)).toBe(sealed)
    const headers = await payloads.packHeaders({ tenant: 'a' })
    expect(await payloads.packHeaders(headers)).toBe(headers)
  })

  it('opens what was stored before there was one', async () => {
    const { payloads } = setUp({ codec })
    expect(await payloads.open(small)).toBe(small)
    expect(await payloads.openFailure(failure)).toEqual(failure)
    expect(await payloads.openHeaders({ tenant: 'a' })).toEqual({ tenant: 'a' })
  })

  it('hides a failure’s texts, and shows what to do with it', async () => {
    const { payloads } = setUp({ codec })
    const packed = await payloads.packFailure(failure)
    expect(packed).toEqual({
      code: 'terminal',
      name: 'TerminalError',
      status: 402,
      message: 'sealed',
      sealed: expect.any(String),
    })
    expect(await payloads.openFailure(packed)).toEqual(failure)
    const around: Failure = { code: 'step-exhausted', message: 'gave up', cause: packed }
    expect(await payloads.openFailure(around)).toEqual({ ...around, cause: failure })
  })

  it('hides headers, names and all', async () => {
    const { payloads } = setUp({ codec })
    const packed = await payloads.packHeaders({ tenant: 'jane', trace: '1' })
    expect(JSON.stringify(packed)).not.toMatch(/jane|tenant/)
    expect(await payloads.openHeaders(packed)).toEqual({ tenant: 'jane', trace: '1' })
    expect(await payloads.packHeaders({})).toEqual({})
  })

  it('that is missing is named, before anybody reads what is sealed', async () => {
    const packed = await setUp({ codec }).payloads.pack(small, place)
    await expect(setUp().payloads.open(packed)).rejects.toMatchObject({
      code: 'payload-key-unknown',
    })
  })

  it('may be asynchronous, and one’s own', async () => {
    const reversing: PayloadCodec = {
      seal: async (bytes) => Uint8Array.from(bytes).reverse(),
      open: async (bytes) => Uint8Array.from(bytes).reverse(),
    }
    const { payloads } = setUp({ codec: reversing })
    expect(await payloads.open(await payloads.pack(small, place))).toEqual(small)
  })

  it('that throws is said to, without what it said', async () => {
    const throwing: PayloadCodec = {
      seal: () => {
        throw new TypeError('cannot seal "secret word"')
      },
      open: (bytes) => bytes,
    }
    const error = await setUp({ codec: throwing })
      .payloads.pack(small, place)
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 'payload-codec-failed',
      message: 'The payload codec could not seal a value (TypeError)',
    })
    expect(error).not.toHaveProperty('cause')
  })

  it('that opens something else than was sealed is found out', async () => {
    const lying: PayloadCodec = { seal: (bytes) => bytes, open: () => Buffer.from('{"other":1}') }
    const { payloads } = setUp({ codec: lying })
    const corrupt = expect.objectContaining({ code: 'payload-corrupt' })
    await expect(payloads.open({ sealed: 'AAAA' })).rejects.toEqual(corrupt)
    const packed = { code: 'a', message: 'sealed', sealed: 'AAAA' }
    await expect(payloads.openFailure(packed)).rejects.toEqual(corrupt)
    await expect(payloads.openHeaders({ 'fermata-sealed': 'AAAA' })).rejects.toEqual(corrupt)
  })
})

describe('an entry of the journal', () => {
  /** Every kind, as the goldens show it. */
  const samples = entryKinds.flatMap((kind) => samplesOf(kind))

  it.each(samples)('%s comes back as it was, sealed and kept elsewhere', async (_, entry) => {
    const { payloads } = setUp({ codec, limitBytes: 10 })
    const packed = await payloads.packEntry(entry, 'orders')
    expect(await payloads.openEntry(packed)).toEqual(entry)
    expect(await payloads.packEntry(packed, 'orders')).toEqual(packed)
  })

  it('keeps its blobs young, but for those of the state', async () => {
    let now = 1
    const blobs = new MemoryBlobs(() => now)
    const payloads = new Payloads({ blobs, limitBytes: 10 })
    const entries: Entry[] = [
      { kind: 'run', op: 0, name: 'a', result: { kind: 'value', value: large }, at: 0, after: 1 },
      { kind: 'state-set', op: 1, name: 'a', value: large },
      { kind: 'alive' },
    ]
    const packed = await Promise.all(entries.map((entry) => payloads.packEntry(entry, 'orders')))
    now = 2
    await touchBlobs(blobs, packed)
    const times = [...blobs.blobs].map(([key, { touchedAt }]) => [key.split('/')[0], touchedAt])
    expect(times).toEqual([
      ['journal', 2],
      ['state', 1],
    ])
  })
})

function samplesOf(kind: EntryKind): readonly (readonly [string, Entry])[] {
  const samples = (goldens.get(`entry.${kind}`) ?? []) as readonly Entry[]
  return samples
    .map((entry, index) => [`${kind} ${index}`, entry] as const)
    .filter(([, entry]) => !/"(sealed|ref)":/.test(JSON.stringify(entry)))
}
