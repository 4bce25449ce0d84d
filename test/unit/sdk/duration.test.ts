import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { durationToMs } from '../../../lambda-runtime/src/duration.ts'
import { UsageError } from '../../../lambda-runtime/src/errors.ts'
import { resolveRetry } from '../../../lambda-runtime/src/retry-options.ts'
import type { Duration } from '../../../lambda-runtime/src/types/duration.ts'

/** As a caller without types may pass it. */
const passed = (duration: unknown) => () => durationToMs(duration as Duration)

describe('a duration', () => {
  it.each<[Duration, number]>([
    ['250ms', 250],
    ['20s', 20_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['1.5h', 5_400_000],
    ['0s', 0],
    [0, 0],
    [1_500, 1_500],
    [0.6, 1],
    [{ hours: 1, minutes: 30 }, 5_400_000],
    [{ days: 1, seconds: 1, milliseconds: 1 }, 86_401_001],
    [{ minutes: 1, hours: undefined }, 60_000],
  ])('%j is so many ms: %d', (duration, ms) => {
    expect(durationToMs(duration)).toBe(ms)
  })

  it.each<[unknown]>([
    ['-1s'],
    ['0x10s'],
    ['1e3s'],
    [' 1s'],
    ['1s '],
    ['1 s'],
    ['s'],
    ['1'],
    [''],
    ['.5s'],
    ['Infinitys'],
    ['1w'],
    ['1constructor'],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [-1],
    [{}],
    [{ hours: undefined }],
    [{ hours: -1 }],
    [{ hours: '1' }],
    [{ weeks: 1 }],
    [{ toString: 1 }],
    ['40000d'],
    [`${'9'.repeat(400)}d`],
    [1e16],
    [null],
    [undefined],
    [true],
    [1n],
    [Symbol('x')],
  ])('%o is refused as invalid', (duration) => {
    expect(passed(duration)).toThrow(UsageError)
    expect(passed(duration)).toThrow(expect.objectContaining({ code: 'duration-invalid' }))
  })

  it('says what was wrong with which one', () => {
    expect(passed('-1s')).toThrow(/^'-1s' is no duration: write a decimal number and one of ms, s,/)
    expect(passed({ weeks: 1 })).toThrow('{"weeks":1} is no duration: "weeks" is none of days,')
    expect(passed({})).toThrow('{} is no duration: it names no unit')
  })

  it('is a whole number of ms, not negative, or an error of its own', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything(),
          fc.string().map((text) => `${text}s`),
        ),
        (duration) => {
          let result: unknown
          try {
            result = durationToMs(duration as Duration)
          } catch (error) {
            result = error
          }
          expect(
            result instanceof UsageError || (Number.isInteger(result) && Number(result) >= 0),
          ).toBe(true)
        },
      ),
    )
  })
})

describe('retry options', () => {
  it('come out in ms, without what was left out', () => {
    const options = { maxAttempts: 3, initialDelay: '1s', maxDelay: undefined, factor: 2 } as const
    expect(resolveRetry(options)).toStrictEqual({
      maxAttempts: 3,
      initialDelayMs: 1_000,
      factor: 2,
    })
    expect(resolveRetry({ maxDuration: '1h', maxDelay: 10, onExhaustion: 'fail' })).toStrictEqual({
      maxDurationMs: 3_600_000,
      maxDelayMs: 10,
      onExhaustion: 'fail',
    })
    expect(resolveRetry({})).toStrictEqual({})
  })

  it.each([
    [{ maxAttempts: 0 }, 'maxAttempts'],
    [{ maxAttempts: 1.5 }, 'maxAttempts'],
    [{ maxAttempts: Number.POSITIVE_INFINITY }, 'maxAttempts'],
    [{ factor: 0.5 }, 'factor'],
    [{ factor: Number.NaN }, 'factor'],
    [{ onExhaustion: 'explode' as 'fail' }, 'onExhaustion'],
  ])('%j is refused and named', (options, name) => {
    expect(() => resolveRetry(options)).toThrow(UsageError)
    expect(() => resolveRetry(options)).toThrow(`retry.${name}`)
  })
})
