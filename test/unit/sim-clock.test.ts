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

  it('lets time pass in whole milliseconds', async () => {
    const clock = createVirtualClock()
    let fired = 0
    clock.timer(0.000_001, () => (fired = clock.monotonic()))
    await clock.advance(5)
    expect(fired).toBe(1)
  })

  it('plays turns of its own without the event loop, as many as somebody waits for', async () => {
    const clock = createVirtualClock({ ownTurns: true, turns: 2 })
    const seen: string[] = []
    setImmediate(() => seen.push('the event loop'))
    void (async () => {
      for (let n = 0; n < 3; n++) {
        await clock.turn()
        seen.push(`turn ${n}`)
      }
    })()
    await clock.settle()
    expect(seen).toEqual(['turn 0', 'turn 1'])
    await clock.settle()
    expect(seen).toEqual(['turn 0', 'turn 1', 'turn 2'])
  })

  it('has no more timers when it ends, and holds on to no signal', async () => {
    const clock = createVirtualClock()
    const seen: string[] = []
    const { signal } = new AbortController()
    let listeners = 0
    signal.addEventListener = () => listeners++
    signal.removeEventListener = () => listeners--
    void clock.sleep(10, signal).then(() => seen.push('woken'))
    expect(listeners).toBe(1)
    clock.end()
    await clock.advance(50)
    expect([seen, listeners]).toEqual([[], 0])
  })

  it('puts the wall clock of a process right, and leaves its monotonic one', async () => {
    const clock = createVirtualClock()
    const process = clock.process({ wallOffsetMs: 7 })
    process.setWallOffset(-3)
    expect(process.clock.now() - clock.now()).toBe(-3)
    expect(process.clock.monotonic()).toBe(clock.monotonic())
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
