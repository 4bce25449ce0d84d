import { createCronCalendar } from '@fermata/orchestrator/adapters/system/cron-calendar'
import { describe, expect, test } from 'vitest'

const calendar = createCronCalendar()

/** The next ticks after a time, as UTC. */
function ticks(cron: string, timezone: string, after: string, count: number): string[] {
  const found: string[] = []
  let at = Date.parse(after)
  while (found.length < count) {
    const next = calendar.next({ cron, timezone }, at)
    if (next === undefined) break
    found.push(new Date(next).toISOString().slice(0, 16))
    at = next
  }
  return found
}

describe('a cron expression', () => {
  test('is read in its time zone', () => {
    expect(ticks('30 9 * * 1-5', 'America/New_York', '2026-01-02T00:00:00Z', 2)).toEqual([
      '2026-01-02T14:30',
      '2026-01-05T14:30',
    ])
  })

  test('has its next tick after the time that is asked about, not at it', () => {
    expect(ticks('0 0 * * *', 'UTC', '2026-01-02T00:00:00Z', 1)).toEqual(['2026-01-03T00:00'])
  })

  test('may have no tick at all', () => {
    expect(ticks('0 0 30 2 *', 'UTC', '2026-01-01T00:00:00Z', 1)).toEqual([])
  })

  test.for([
    ['* * * *', 'UTC', 'found 4'],
    ['0 * * * * *', 'UTC', 'found 6'],
    ['@daily', 'UTC', 'found 1'],
    ['2030-01-01T00:00:00', 'UTC', 'found 1'],
    ['61 * * * *', 'UTC', 'minute'],
    ['x * * * *', 'UTC', 'illegal'],
    ['0 2 * * *', 'Europe/Nowhere', 'no time zone "Europe/Nowhere"'],
  ] as const)('%s in %s is refused', ([cron, timezone, why]) => {
    expect(calendar.mistakeIn({ cron, timezone })).toContain(why)
  })

  test('without mistakes has none', () => {
    expect(
      calendar.mistakeIn({ cron: '*/5 8-18 * * MON-FRI', timezone: 'Asia/Tokyo' }),
    ).toBeUndefined()
  })

  test('is read anew when many others were asked about', () => {
    const many = Array.from({ length: 1_100 }, (_, i) => ({
      cron: `${i % 60} ${i % 24} * * *`,
      timezone: i % 2 === 0 ? 'UTC' : 'Asia/Tokyo',
    }))
    for (const spec of many) expect(calendar.next(spec, 0)).toBeGreaterThan(0)
  })
})

describe('when clocks go forward (Berlin, 29 March 2026, 2:00 is 3:00)', () => {
  const eve = '2026-03-28T12:00:00Z'

  test('a time that does not exist is the first moment after the gap, that day', () => {
    expect(ticks('30 2 * * *', 'Europe/Berlin', eve, 3)).toEqual([
      '2026-03-29T01:00',
      '2026-03-30T00:30',
      '2026-03-31T00:30',
    ])
  })

  test('two times that both become that moment are one tick', () => {
    expect(ticks('0 2,3 * * *', 'Europe/Berlin', eve, 3)).toEqual([
      '2026-03-29T01:00',
      '2026-03-30T00:00',
      '2026-03-30T01:00',
    ])
  })

  test('a pattern of every half hour goes on by the half hour', () => {
    expect(ticks('*/30 * * * *', 'Europe/Berlin', '2026-03-29T00:00:00Z', 4)).toEqual([
      '2026-03-29T00:30',
      '2026-03-29T01:00',
      '2026-03-29T01:30',
      '2026-03-29T02:00',
    ])
  })

  test('a pattern within the hour that does not exist has no tick that day', () => {
    expect(ticks('*/30 2 * * *', 'Europe/Berlin', eve, 2)).toEqual([
      '2026-03-30T00:00',
      '2026-03-30T00:30',
    ])
  })
})

describe('when clocks go back (Berlin, 25 October 2026, 3:00 is 2:00)', () => {
  test('a time that comes twice is the first one', () => {
    expect(ticks('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 3)).toEqual([
      '2026-10-25T00:30',
      '2026-10-26T01:30',
      '2026-10-27T01:30',
    ])
  })

  test('a pattern of every half hour goes on by the half hour, through both hours', () => {
    expect(ticks('*/30 * * * *', 'Europe/Berlin', '2026-10-24T23:59:00Z', 5)).toEqual([
      '2026-10-25T00:00',
      '2026-10-25T00:30',
      '2026-10-25T01:00',
      '2026-10-25T01:30',
      '2026-10-25T02:00',
    ])
  })
})
