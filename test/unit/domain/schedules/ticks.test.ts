import {
  dueTicks,
  everyTick,
  maxCaughtUp,
  onTimeMs,
} from '@fermata/orchestrator/domain/schedules/ticks'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const minute = 60_000
const next = everyTick(minute)
const from = 100 * minute

describe('the ticks of an interval', () => {
  test('are its multiples since 1970, whoever asks', () => {
    expect(next(0)).toBe(minute)
    expect(next(minute - 1)).toBe(minute)
    expect(next(minute)).toBe(2 * minute)
  })
})

describe('due ticks', () => {
  test.for(['all', 'latest', 'none'] as const)('that are on time are all made: %s', (catchUp) => {
    const seconds = everyTick(1_000)
    const due = dueTicks(seconds, { from, now: from + onTimeMs, catchUp })
    expect(due.make).toHaveLength(16)
    expect(due).toMatchObject({ skipped: false, last: from + onTimeMs, next: from + 16_000 })
  })

  test('that were missed are made up for by what the schedule says', () => {
    const now = from + 10 * minute + 30_000
    const all = Array.from({ length: 11 }, (_, i) => from + i * minute)
    const due = (catchUp: 'all' | 'latest' | 'none') => dueTicks(next, { from, now, catchUp })
    expect(due('all')).toMatchObject({ make: all, skipped: false })
    expect(due('latest')).toMatchObject({ make: all.slice(-1), skipped: true })
    expect(due('none')).toMatchObject({ make: [], skipped: true, last: all.at(-1) })
  })

  test('of which one is on time are not made up for by the latest one', () => {
    const now = from + 10 * minute + 5_000
    expect(dueTicks(next, { from, now, catchUp: 'latest' }).make).toEqual([from + 10 * minute])
  })

  test('are bounded: the newest are made', () => {
    const now = from + 5_000 * minute
    const { make, skipped } = dueTicks(next, { from, now, catchUp: 'all' })
    expect(make).toHaveLength(maxCaughtUp)
    expect(make.at(-1)).toBe(now)
    expect(skipped).toBe(true)
  })

  test('may be the last ones: then there is no next', () => {
    const once = (after: number) => (after < from ? from : undefined)
    expect(dueTicks(once, { from, now: from + 1, catchUp: 'all' })).toEqual({
      make: [from],
      skipped: false,
      last: from,
      next: undefined,
    })
  })

  test('begin with the one that was stored, though the calendar has another opinion by now', () => {
    const { make } = dueTicks(next, { from: from + 7, now: from + minute, catchUp: 'all' })
    expect(make).toEqual([from + 7, from + minute])
  })

  test('are there though the calendar names none before now', () => {
    const far = (after: number) => (after < from ? undefined : from + 1e12)
    const due = dueTicks(far, { from, now: from + minute, catchUp: 'all' })
    expect(due.make).toEqual([from])
  })

  test('are in order, not later than now, and never end before the next', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1_000, max: 10 * minute }),
        fc.integer({ min: 0, max: 1e9 }),
        fc.constantFrom('all', 'latest', 'none'),
        (everyMs, span, catchUp) => {
          const tick = everyTick(everyMs)
          const start = tick(from) ?? from
          const now = start + span
          const due = dueTicks(tick, { from: start, now, catchUp })
          expect(due.make.toSorted((a, b) => a - b)).toEqual(due.make)
          expect(due.make.every((one) => one >= start && one <= due.last)).toBe(true)
          expect(due.last).toBeLessThanOrEqual(now)
          expect(due.next).toBeGreaterThan(now)
        },
      ),
    )
    expect.hasAssertions()
  })
})
