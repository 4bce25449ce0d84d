import { createSystemClock } from '@fermata/orchestrator/adapters/system/system-clock'
import { createSystemRandom } from '@fermata/orchestrator/adapters/system/system-random'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

describe('the system clock', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('calls once when the time has come', () => {
    const fn = vi.fn()
    createSystemClock().timer(1_000, fn)
    vi.advanceTimersByTime(999)
    expect(fn).not.toHaveBeenCalled()
    vi.advanceTimersByTime(5_000)
    expect(fn).toHaveBeenCalledTimes(1)
  })

  it('does not call what was cancelled', () => {
    const fn = vi.fn()
    const cancel = createSystemClock().timer(1_000, fn)
    cancel()
    vi.advanceTimersByTime(5_000)
    expect(fn).not.toHaveBeenCalled()
  })

  it('waits for months, which the timers of Node cannot', () => {
    const fn = vi.fn()
    const day = 86_400_000
    createSystemClock().timer(60 * day, fn)
    vi.advanceTimersByTime(60 * day - 1)
    expect(fn).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(fn).toHaveBeenCalledTimes(1)
  })

  it('ends a sleep in time, or at once when it is aborted', async () => {
    const clock = createSystemClock()
    const slept = clock.sleep(100)
    vi.advanceTimersByTime(100)
    await slept
    const abort = new AbortController()
    const aborted = clock.sleep(1_000_000, abort.signal)
    abort.abort()
    await aborted
    await clock.sleep(1_000_000, abort.signal)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('tells the time of day and a time that never goes back', () => {
    const clock = createSystemClock()
    const [now, monotonic] = [clock.now(), clock.monotonic()]
    vi.advanceTimersByTime(250)
    expect([clock.now() - now, clock.monotonic() - monotonic]).toEqual([250, 250])
  })
})

describe('the system randomness', () => {
  it('is within its bounds and never says the same', () => {
    const random = createSystemRandom()
    const numbers = Array.from({ length: 200 }, () => random.next())
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true)
    expect(new Set(numbers).size).toBe(200)
    expect(new Set(Array.from({ length: 200 }, () => random.nonce())).size).toBe(200)
    expect(random.bytes(17)).toHaveLength(17)
  })
})
