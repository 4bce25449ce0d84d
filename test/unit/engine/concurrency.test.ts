/** How much of a function runs at once here, after it was throttled. */
import { createConcurrency } from '@fermata/orchestrator/engine/invocations/concurrency'
import { describe, expect, it } from 'vitest'
import { createVirtualClock } from '../../support/sim-clock.ts'

describe('a function that was throttled once', () => {
  it('comes back to the share of this replica, and to a greater one when others have gone', () => {
    let share = 10
    const concurrency = createConcurrency(createVirtualClock(), () => share)
    concurrency.throttled('f', 10)
    expect(concurrency.limitOf('f')).toBe(5)
    share = 40
    for (let calls = 0; calls < 2_000; calls++) concurrency.succeeded('f')
    expect(concurrency.limitOf('f')).toBe(40)
    share = 20
    expect(concurrency.limitOf('f')).toBe(20)
  })
})
