import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createLambdaHost } from '../../../lambda-runtime/src/lambda-host.ts'

describe('the surroundings of a Lambda function', () => {
  it('know the time that is left from the context, and none where it does not tell', () => {
    const context = {
      left: 7,
      getRemainingTimeInMillis() {
        return this.left
      },
    }
    expect(createLambdaHost(context).remainingMs()).toBe(7)
    for (const other of [undefined, null, {}, { getRemainingTimeInMillis: 3 }, 'x']) {
      expect(createLambdaHost(other).remainingMs()).toBe(Number.POSITIVE_INFINITY)
    }
  })

  it('have drained once microtasks, and those that they queued, have run', async () => {
    const { drained } = createLambdaHost({})
    let turns = 0
    const again = async () => {
      while (turns < 1_000) {
        await null
        turns += 1
      }
    }
    const done = again()
    await drained()
    expect(turns).toBe(1_000)
    await done
  })

  it('give each attempt its own nonce', () => {
    const nonces = Array.from({ length: 100 }, () => createLambdaHost({}).nonce())
    expect(new Set(nonces).size).toBe(100)
  })

  describe('have timers that', () => {
    beforeEach(() => {
      vi.useFakeTimers()
    })
    afterEach(() => {
      vi.useRealTimers()
    })

    it('fire once, when it is time', () => {
      const { timer, now } = createLambdaHost({})
      const [fired, start] = [vi.fn(), now()]
      timer(1_000, () => fired(now() - start))
      vi.advanceTimersByTime(999)
      expect(fired).not.toHaveBeenCalled()
      vi.advanceTimersByTime(5_000)
      expect(fired.mock.calls).toEqual([[1_000]])
    })

    it('fire not a moment too early after fifty days', () => {
      const [fired, days] = [vi.fn(), 86_400_000]
      createLambdaHost({}).timer(50 * days, fired)
      vi.advanceTimersByTime(50 * days - 1)
      expect(fired).not.toHaveBeenCalled()
      vi.advanceTimersByTime(1)
      expect(fired).toHaveBeenCalledOnce()
    })

    it('never fire when they are cancelled, in their first piece or a later one', () => {
      const [fired, days] = [vi.fn(), 86_400_000]
      const { timer } = createLambdaHost({})
      timer(10, fired)()
      const cancel = timer(50 * days, fired)
      vi.advanceTimersByTime(30 * days)
      cancel()
      vi.advanceTimersByTime(100 * days)
      expect(fired).not.toHaveBeenCalled()
    })
  })
})
