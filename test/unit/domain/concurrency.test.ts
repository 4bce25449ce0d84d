import {
  type AimdEvent,
  createAimd,
  permitsOf,
  stepAimd,
} from '@fermata/orchestrator/domain/concurrency'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const throttled = (at: number, running: number): AimdEvent => ({ kind: 'throttled', at, running })
const succeeded: AimdEvent = { kind: 'succeeded' }
const after = (events: readonly AimdEvent[], ceiling = 100) =>
  events.reduce(stepAimd, createAimd({ ceiling }))

describe('the concurrency of a function', () => {
  it('starts at its ceiling', () => {
    expect(permitsOf(createAimd({ ceiling: 100 }))).toBe(100)
  })

  it('halves on a throttle', () => {
    expect(permitsOf(after([throttled(0, 100)]))).toBe(50)
  })

  it('halves what really ran when the limit was not used up', () => {
    expect(permitsOf(after([throttled(0, 10)]))).toBe(5)
  })

  it('halves once for all throttles of one round trip', () => {
    expect(permitsOf(after([throttled(0, 100), throttled(999, 50), throttled(5, 90)]))).toBe(50)
    expect(permitsOf(after([throttled(0, 100), throttled(1_000, 50)]))).toBe(25)
    const quick = stepAimd(createAimd({ ceiling: 8, roundTripMs: 10 }), throttled(0, 8))
    expect(permitsOf(stepAimd(quick, throttled(10, 4)))).toBe(2)
  })

  it('grows by about one for each round of successes, up to its ceiling', () => {
    const round = Array.from({ length: 51 }, () => succeeded)
    expect(permitsOf(after([throttled(0, 100), ...round]))).toBe(51)
    const many = Array.from({ length: 10_000 }, () => succeeded)
    expect(permitsOf(after([throttled(0, 100), ...many]))).toBe(100)
  })

  it('comes to rest around the real limit of the function', () => {
    const real = 37
    let state = createAimd({ ceiling: 500 })
    for (let round = 0; round < 200; round += 1) {
      const running = permitsOf(state)
      if (running > real) state = stepAimd(state, throttled(round * 1_000, running))
      for (let done = 0; done < Math.min(running, real); done += 1)
        state = stepAimd(state, succeeded)
    }
    expect(permitsOf(state)).toBeGreaterThanOrEqual(Math.floor(real / 2))
    expect(permitsOf(state)).toBeLessThanOrEqual(real + 2)
  })

  it('never leaves 1..ceiling, whatever happens', () => {
    const event = fc.oneof(
      fc.constant(succeeded),
      fc.record({ at: fc.nat(), running: fc.nat(1_000) }).map((it) => throttled(it.at, it.running)),
    )
    fc.assert(
      fc.property(fc.array(event), fc.integer({ min: 1, max: 1_000 }), (events, ceiling) => {
        const permits = permitsOf(after(events, ceiling))
        expect(permits >= 1 && permits <= ceiling).toBe(true)
      }),
    )
  })
})
