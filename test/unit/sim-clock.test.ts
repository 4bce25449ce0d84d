import { describe, expect, it } from 'vitest'
import { createSeededRandom, createVirtualClock } from '../support/sim-clock.ts'

describe('the virtual clock', () => {
  it('runs timers in the order in which they come due, and those they start', async () => {
    const clock = createVirtualClock({ startMs: 1_000 })
    const seen: string[] = []
    clock.timer(20, () => seen.push(`b@${clock.now()}`))
    clock.timer(10, () => {
      seen.push(`a@${clock.now()}`)
      clock.timer(5, () => seen.push(`c@${clock.now()}`))
    })
    await clock.advance(30)
    expect(seen).toEqual(['a@1010', 'c@1015', 'b@1020'])
    expect([clock.now(), clock.monotonic()]).toEqual([1_030, 30])
  })

  it('lets promises and macrotasks settle between two timers', async () => {
    const clock = createVirtualClock()
    const seen: string[] = []
    clock.timer(1, () => {
      setImmediate(() => seen.push('macrotask'))
    })
    clock.timer(2, () => seen.push('timer'))
    await clock.advance(2)
    expect(seen).toEqual(['macrotask', 'timer'])
  })

  it('forgets a cancelled timer and ends a sleep that is aborted', async () => {
    const clock = createVirtualClock()
    const seen: string[] = []
    clock.timer(1, () => seen.push('cancelled'))()
    const abort = new AbortController()
    void clock.sleep(1_000, abort.signal).then(() => seen.push('woken'))
    abort.abort()
    await clock.advance(5)
    expect(seen).toEqual(['woken'])
  })

  it('holds the timers and answers of a paused process back until it goes on', async () => {
    const clock = createVirtualClock()
    const process = clock.process({ wallOffsetMs: 7 })
    const seen: string[] = []
    const port = process.guard({ ask: () => Promise.resolve('answer') })
    process.clock.timer(10, () => seen.push(`timer@${process.clock.monotonic()}`))
    void port.ask().then((answer) => seen.push(answer))
    process.pause()
    await clock.advance(50)
    expect(seen).toEqual([])
    process.resume()
    await clock.advance(0)
    expect(seen.toSorted()).toEqual(['answer', 'timer@50'])
    expect(process.clock.now() - clock.now()).toBe(7)
  })

  it('lets nothing of a killed process go on, but what it sent arrives', async () => {
    const clock = createVirtualClock()
    const process = clock.process()
    const seen: string[] = []
    let arrived = 0
    const port = process.guard({ ask: async () => void arrived++ })
    process.clock.timer(10, () => seen.push('timer'))
    void port.ask().then(() => seen.push('answer'))
    await Promise.resolve()
    process.kill()
    void port.ask().then(() => seen.push('another'))
    await clock.advance(50)
    expect({ seen, arrived }).toEqual({ seen: [], arrived: 1 })
  })
})

describe('seeded randomness', () => {
  it('repeats itself for the same seed', () => {
    const [a, b] = [createSeededRandom(4), createSeededRandom(4)]
    const numbers = Array.from({ length: 50 }, () => a.next())
    expect(numbers).toEqual(Array.from({ length: 50 }, () => b.next()))
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true)
    expect(a.bytes(3)).toEqual(b.bytes(3))
    expect(a.nonce()).not.toBe(a.nonce())
    expect(a.nonce()).not.toBe(createSeededRandom(5).nonce())
  })
})
