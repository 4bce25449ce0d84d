import {
  agendaBound,
  agendaKey,
  agendaStart,
  agendaTime,
  itemTime,
} from '@fermata/orchestrator/domain/agenda/agenda-key'
import { backoffMs } from '@fermata/orchestrator/domain/agenda/backoff'
import { batchLength } from '@fermata/orchestrator/domain/agenda/batch'
import {
  type HoldLimits,
  heldBack,
  insertByKey,
  passable,
} from '@fermata/orchestrator/domain/agenda/cursor'
import { delayClass, delayClasses } from '@fermata/orchestrator/domain/agenda/delay-class'
import { DueQueue } from '@fermata/orchestrator/domain/agenda/due-queue'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const time = fc.integer({ min: 0, max: 10 ** 14 })

describe('agenda keys', () => {
  it('sort by time, and a bound stands between the times before it and its own', () => {
    fc.assert(
      fc.property(time, time, (a, b) => {
        expect(agendaKey(a, 'x') < agendaKey(b, 'x')).toBe(a < b)
        expect(agendaBound(a) < agendaKey(b, 'x')).toBe(a <= b)
        expect(agendaTime(agendaKey(a, 'x'))).toBe(a)
        expect(agendaStart < agendaKey(a, 'x')).toBe(true)
      }),
    )
  })

  it('take times that are no times to the nearest that is', () => {
    expect(agendaTime(agendaKey(-5, 'x'))).toBe(0)
    expect(agendaTime(agendaKey(Number.POSITIVE_INFINITY, 'x'))).toBe(999_999_999_999_999)
    expect(agendaTime(agendaKey(7.9, 'x'))).toBe(7)
  })

  it('stand at the earliest due time, but after the cursor, and not before what is asked', () => {
    const entries = [{ dueAt: 300 }, { dueAt: 200 }]
    expect(itemTime(entries, agendaStart, 0)).toBe(200)
    expect(itemTime(entries, agendaKey(250, 'x'), 0)).toBe(251)
    expect(itemTime(entries, agendaKey(250, 'x'), 400)).toBe(400)
  })
})

describe('delay classes', () => {
  it('part entries that are due at very different times', () => {
    const times = [-1, 59_999, 60_000, 3_599_999, 3_600_000, 86_399_999, 86_400_000]
    const classes = ['seconds', 'seconds', 'minutes', 'minutes', 'hours', 'hours', 'days']
    expect(times.map(delayClass)).toEqual(classes)
    expect(delayClasses).toEqual(['seconds', 'minutes', 'hours', 'days'])
  })
})

describe('a batch', () => {
  const entries = Array.from({ length: 10 }, () => ({ subject: 'a'.repeat(36) }))

  it('ends at so many entries, and at so many bytes', () => {
    expect(batchLength(entries, { maxEntries: 4, maxBytes: 10_000 })).toBe(4)
    expect(batchLength(entries, { maxEntries: 100, maxBytes: 300 })).toBe(3)
    expect(batchLength(entries, { maxEntries: 100, maxBytes: 10_000 })).toBe(10)
    expect(batchLength([], { maxEntries: 4, maxBytes: 10_000 })).toBe(0)
  })

  it('holds one entry, however large, and counts other letters in full', () => {
    expect(batchLength(entries, { maxEntries: 4, maxBytes: 1 })).toBe(1)
    const wide = [{ subject: 'é'.repeat(36) }, { subject: 'é'.repeat(36) }]
    expect(batchLength(wide, { maxEntries: 4, maxBytes: 300 })).toBe(1)
  })
})

describe('backoff', () => {
  it('doubles up to its most, spread over the upper half', () => {
    const backoff = { baseMs: 100, maxMs: 1_000 }
    expect([1, 2, 3, 4, 5, 60].map((tries) => backoffMs(tries, backoff, 0))).toEqual([
      50, 100, 200, 400, 500, 500,
    ])
    expect(backoffMs(1, backoff, 0.5)).toBe(75)
    expect(backoffMs(0, backoff, 0)).toBe(50)
  })
})

describe('the due queue', () => {
  it('gives out what is due, in order of time, and nothing before it is due', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 })), fc.nat(50), (times, now) => {
        const queue = new DueQueue<number>()
        for (const at of times) queue.push(at, at)
        expect(queue.next).toBe(times.length === 0 ? undefined : Math.min(...times))
        const due: number[] = []
        for (let next = queue.pop(now); next !== undefined; next = queue.pop(now)) {
          due.push(next.value)
        }
        expect(due).toEqual(times.filter((at) => at <= now).toSorted((a, b) => a - b))
        expect(queue.size).toBe(times.length - due.length)
      }),
    )
  })

  it('is empty once it is cleared', () => {
    const queue = new DueQueue<string>()
    queue.push(1, 'x')
    queue.clear()
    expect(queue.pop(10)).toBeUndefined()
  })
})

describe('the cursor', () => {
  const limits: HoldLimits = {
    now: 10_000,
    readTo: agendaBound(100_000),
    watchMs: 5_000,
    holdMs: 2_000,
    settleMs: 1_000,
    minClosed: 10,
    closedPerMove: 3,
  }
  const item = (at: number, open: number, closed = 0, since = 0) => ({
    key: agendaKey(at, 'x'),
    open,
    closed,
    since,
  })

  it('passes items up to the first with an open entry', () => {
    expect(passable([item(1, 0), item(2, 0), item(3, 1), item(4, 0)], limits)).toBe(2)
    expect(passable([], limits)).toBe(0)
  })

  it('runs neither far ahead of the clock nor beyond what was read', () => {
    expect(passable([item(14_999, 0), item(15_000, 0)], limits)).toBe(1)
    const readTo = agendaBound(8_000)
    expect(passable([item(7_999, 0), item(8_000, 0)], { ...limits, readTo })).toBe(1)
  })

  it('is freed of entries that hold it back too far behind the clock', () => {
    expect(heldBack([item(7_000, 1), item(7_500, 1), item(9_000, 1)], limits)).toBe(2)
    expect(heldBack([item(9_000, 1)], limits)).toBe(0)
  })

  it('is freed of few open entries among many closed ones', () => {
    const items = [item(9_000, 1, 5), item(9_500, 2, 5), item(9_600, 0, 2)]
    expect(heldBack(items, limits)).toBe(3)
    expect(heldBack([item(9_000, 4, 5), item(9_500, 1, 5)], limits)).toBe(0)
    expect(heldBack([item(9_000, 0, 9)], limits)).toBe(0)
  })

  it('is left alone by what is young or far ahead', () => {
    expect(heldBack([item(9_000, 1, 90, 9_500), item(9_100, 1, 90)], limits)).toBe(0)
    expect(heldBack([item(15_000, 1, 90)], limits)).toBe(0)
  })

  it('goes over items in the order of their keys', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(1_000)), (times) => {
        const items: { key: string }[] = []
        for (const at of times) insertByKey(items, { key: agendaKey(at, 'x') })
        expect(items.map(({ key }) => agendaTime(key))).toEqual(times.toSorted((a, b) => a - b))
      }),
    )
  })
})
