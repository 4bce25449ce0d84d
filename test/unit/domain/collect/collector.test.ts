import type { Collect } from '@fermata/lambda-runtime/protocol'
import {
  type CollectedSend,
  type CollectorRef,
  type CollectorSlot,
  collectedId,
  collectedInput,
  collectorName,
  collectorOf,
  dueOf,
  headExpires,
  maxCollectedBytes,
  maxSlots,
  parseCollectorName,
  rangeOf,
  roomFor,
  signatureOf,
  slotExpires,
  targetOf,
} from '@fermata/orchestrator/domain/collect/collector'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const batch = (maxSize: number, waitMs = 2_000): Collect => ({ how: 'batch', maxSize, waitMs })
const debounce = (waitMs: number, maxWaitMs?: number): Collect => ({
  how: 'debounce',
  waitMs,
  ...(maxWaitMs === undefined ? {} : { maxWaitMs }),
})
const send = (
  at: number,
  collect: Collect,
  fields: Partial<CollectedSend> = {},
): CollectedSend => ({
  by: `op ${at}`,
  input: { json: at },
  headers: {},
  at,
  collect,
  keepMs: 1_000,
  ...fields,
})
const slots = (...groups: readonly (readonly CollectedSend[])[]): CollectorSlot[] =>
  groups.map((sends, i) => ({ n: i + 1, life: 'l', sends, expires: 0 }))
const big = (bytes: number) => ({ json: 'x'.repeat(bytes) })

describe('a collector', () => {
  test('is of one handler, one way, and the key of the target or of the send', () => {
    const target = { service: 's', handler: 'h' }
    expect(collectorOf(target, batch(2))).toEqual({ ...target, how: 'batch', key: undefined })
    expect(collectorOf({ ...target, key: 'k' }, debounce(1))).toEqual({
      ...target,
      how: 'debounce',
      key: { of: 'target', text: 'k' },
    })
    expect(collectorOf(target, { ...batch(2), key: 'c' }).key).toEqual({ of: 'send', text: 'c' })
  })

  test('hands on to its target: with the key only if it is the target’s', () => {
    const ref: CollectorRef = { service: 's', handler: 'h', how: 'batch', key: undefined }
    expect(targetOf(ref)).toEqual({ service: 's', handler: 'h' })
    expect(targetOf({ ...ref, key: { of: 'send', text: 'c' } })).toEqual(targetOf(ref))
    expect(targetOf({ ...ref, key: { of: 'target', text: 'k' } })).toMatchObject({ key: 'k' })
  })

  test('is found by its name, whatever the key', () => {
    const key = fc.option(
      fc.record({
        of: fc.constantFrom('target', 'send'),
        text: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
      }),
      { nil: undefined },
    )
    fc.assert(
      fc.property(key, fc.constantFrom('batch', 'debounce'), (some, how) => {
        const ref: CollectorRef = { service: 's', handler: 'h', how, key: some }
        expect(parseCollectorName(collectorName(ref))).toEqual(ref)
      }),
    )
    for (const name of ['', 's#h', 's#h#other#', 's#h#batch#x', 's#h#batch#k']) {
      expect(() => parseCollectorName(name)).toThrow()
    }
  })
})

describe('a batch is due', () => {
  test('never without sends', () => {
    expect(dueOf([])).toBe(Number.POSITIVE_INFINITY)
    expect(rangeOf([])).toBeUndefined()
  })

  test('so long after its first send as the most impatient of them says', () => {
    expect(dueOf(slots([send(1, batch(9, 500))], [send(10, batch(9, 100))]))).toBe(110)
  })

  test('at once when it is full by number, by bytes, or by slots', () => {
    expect(dueOf(slots([send(1, batch(2))], [send(2, batch(2))]))).toBe(0)
    expect(dueOf(slots([send(1, batch(9), { input: big(maxCollectedBytes) })]))).toBe(0)
    const many = Array.from({ length: maxSlots }, (_, i) => [send(i, batch(1_000_000))])
    expect(dueOf(slots(...many))).toBe(0)
  })

  test('with the slots that fit', () => {
    const full = slots(
      [send(1, batch(3)), send(2, batch(3))],
      [send(3, batch(3))],
      [send(4, batch(3))],
    )
    expect(rangeOf(full)).toEqual({ from: 1, to: 2 })
    const heavy = send(1, batch(9), { input: big(maxCollectedBytes * 0.7) })
    expect(rangeOf(slots([heavy], [heavy]))).toEqual({ from: 1, to: 1 })
    expect(rangeOf(slots([send(1, batch(1)), send(2, batch(1))]))).toEqual({ from: 1, to: 1 })
  })

  test('and its slots end where a batch ends', () => {
    const coming = (count: number) => Array.from({ length: count }, (_, i) => send(i, batch(10)))
    expect(roomFor([], coming(25))).toBe(10)
    expect(roomFor(slots(coming(7)), coming(25))).toBe(3)
    expect(roomFor(slots(coming(10)), coming(25))).toBe(10)
    expect(roomFor([], coming(4))).toBe(4)
    expect(roomFor([], [])).toBe(0)
    const heavy = send(1, batch(9), { input: big(maxCollectedBytes * 0.7) })
    expect(roomFor([], [heavy, heavy])).toBe(1)
    expect(roomFor([], [send(1, debounce(5)), send(2, debounce(5))])).toBe(2)
  })
})

describe('a debounce is due', () => {
  test('when it has been quiet for so long after the last send', () => {
    expect(dueOf(slots([send(1, debounce(50))], [send(20, debounce(100))]))).toBe(120)
  })

  test('at the latest so long after the first', () => {
    expect(dueOf(slots([send(1, debounce(50, 60))], [send(20, debounce(50, 60))]))).toBe(61)
    expect(dueOf(slots([send(1, debounce(50, 600))]))).toBe(51)
  })

  test('with all that wait', () => {
    expect(rangeOf(slots([send(1, debounce(5))], [send(2, debounce(5))]))).toEqual({
      from: 1,
      to: 2,
    })
  })
})

describe('what goes', () => {
  test('is the last input and its headers of a debounce, the list of a batch', () => {
    const first = send(1, debounce(5), { headers: { a: '1' } })
    const last = send(2, debounce(5), { headers: { a: '2' } })
    expect(collectedInput('debounce', [first, last])).toEqual({
      input: { json: 2 },
      headers: { a: '2' },
    })
    expect(collectedInput('debounce', [first])).toEqual({ input: { json: 1 }, headers: { a: '1' } })
    expect(collectedInput('batch', [first, last])).toEqual({
      input: { list: [{ json: 1 }, { json: 2 }] },
      headers: {},
    })
  })

  test('has an id by collector, life and place', () => {
    const ref: CollectorRef = { service: 's', handler: 'h', how: 'batch', key: undefined }
    const id = collectedId(ref, 'l', 1)
    expect(collectedId(ref, 'l', 1)).toBe(id)
    const others = [
      collectedId(ref, 'l', 2),
      collectedId(ref, 'm', 1),
      collectedId({ ...ref, how: 'debounce' }, 'l', 1),
    ]
    expect(others).not.toContain(id)
  })

  test('is the one run, where a workflow is started by it', () => {
    const ref: CollectorRef = {
      service: 'w',
      handler: 'run',
      how: 'batch',
      key: { of: 'target', text: 'k' },
    }
    expect(collectedId(ref, 'l', 2)).toBe(collectedId(ref, 'm', 1))
  })
})

describe('what waits is kept', () => {
  const month = 30 * 86_400_000

  test('until it goes, and as long as it may come again, or a month', () => {
    expect(slotExpires([send(10, batch(2, 100))])).toBe(110 + month)
    expect(slotExpires([send(10, debounce(100), { keepMs: 2 * month })])).toBe(110 + 2 * month)
    expect(slotExpires([send(10, debounce(100, 500)), send(11, batch(2, 1))])).toBe(510 + month)
    expect(headExpires(5)).toBe(5 + month)
  })

  test('and is known by its sends', () => {
    const [a, b] = [send(1, batch(2)), send(2, batch(2))]
    expect(signatureOf({ sends: [a, b] })).toBe(signatureOf({ sends: [a, b] }))
    expect(signatureOf({ sends: [a, b] })).not.toBe(signatureOf({ sends: [b, a] }))
    expect(signatureOf({ sends: [a] })).not.toBe(signatureOf({ sends: [a, b] }))
  })
})
