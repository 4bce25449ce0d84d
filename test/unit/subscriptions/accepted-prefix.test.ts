import { AcceptedPrefix } from '@fermata/orchestrator/domain/subscriptions/accepted-prefix'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

describe('the accepted prefix', () => {
  test('begins where the partition is consumed from', () => {
    const prefix = new AcceptedPrefix(7n)

    expect([prefix.position, prefix.committable, prefix.open]).toEqual([7n, 7n, 0])
  })

  test('ends before the first record that is not accepted (INV-8)', () => {
    const prefix = new AcceptedPrefix(10n)
    for (const offset of [10n, 11n, 12n]) prefix.offer(offset)
    prefix.accept(12n)
    prefix.accept(10n)

    expect([prefix.position, prefix.committable, prefix.open]).toEqual([13n, 11n, 2])
    prefix.accept(11n)
    expect([prefix.committable, prefix.open]).toEqual([13n, 0])
  })

  test('passes gaps with the record before them', () => {
    const prefix = new AcceptedPrefix(10n)
    prefix.offer(10n)
    prefix.offer(14n, 16n)
    prefix.accept(10n)
    expect(prefix.committable).toBe(11n)
    prefix.accept(14n)

    expect(prefix.committable).toBe(16n)
  })

  test('passes what holds no record, once everything before it is accepted', () => {
    const prefix = new AcceptedPrefix(10n)
    prefix.offer(10n)
    prefix.skipTo(20n)
    expect([prefix.position, prefix.committable]).toEqual([20n, 10n])
    prefix.accept(10n)
    expect(prefix.committable).toBe(20n)
    prefix.skipTo(15n)
    prefix.skipTo(30n)

    expect([prefix.position, prefix.committable]).toEqual([30n, 30n])
  })

  test('does not know records that were never offered, or are accepted already', () => {
    const prefix = new AcceptedPrefix(0n)
    prefix.offer(0n)
    prefix.accept(5n)
    prefix.accept(0n)
    prefix.accept(0n)

    expect([prefix.position, prefix.committable]).toEqual([1n, 1n])
  })

  test('is the longest prefix, in whatever order records are accepted', () => {
    const order = fc
      .integer({ min: 1, max: 30 })
      .chain((count) => fc.shuffledSubarray([...Array(count).keys()], { minLength: 0 }))
    fc.assert(
      fc.property(order, (accepted) => {
        const count = 30
        const prefix = new AcceptedPrefix(0n)
        for (let offset = 0; offset < count; offset++) prefix.offer(BigInt(offset))
        for (const offset of accepted) prefix.accept(BigInt(offset))
        const first = [...Array(count).keys()].find((offset) => !accepted.includes(offset))
        expect(prefix.committable).toBe(BigInt(first ?? count))
      }),
    )
  })
})
