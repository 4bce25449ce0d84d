import { durationSchema, parseDuration } from '@fermata/orchestrator/domain/duration'
import fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'

describe('a duration', () => {
  it.each([
    ['250ms', 250],
    ['20s', 20_000],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['0s', 0],
    [1_500, 1_500],
  ])('%s is %i ms', (input, ms) => {
    expect(parseDuration(input)).toBe(ms)
  })

  it.each([
    '-1s',
    '0x10s',
    '10',
    '1e3ms',
    's',
    '',
    '5 m',
    '1h30m',
    '999999999999999d',
    -1,
    1.5,
    Number.NaN,
    null,
    undefined,
    {},
  ])('%s is none', (input) => {
    expect(parseDuration(input)).toBeUndefined()
  })

  it('is never negative, fractional or beyond what a number holds', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.double(), fc.stringMatching(/^\d+(\.\d+)?(ms|s|m|h|d)$/)),
        (input) => {
          const ms = parseDuration(input)
          expect(ms === undefined || (Number.isSafeInteger(ms) && ms >= 0)).toBe(true)
        },
      ),
    )
  })

  it('as a schema says what it expects', () => {
    expect(v.parse(durationSchema, '2s')).toBe(2_000)
    for (const wrong of ['2 s', true]) {
      expect(v.safeParse(durationSchema, wrong).issues?.[0]?.message).toBe(
        'expected a duration such as "250ms", "20s", "5m", "1h", "7d", or milliseconds',
      )
    }
  })
})
