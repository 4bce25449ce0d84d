import {
  createPermits,
  type Demand,
  type Permit,
  type PermitLimits,
} from '@fermata/orchestrator/engine/permits'
import { describe, expect, it } from 'vitest'

const forever = new AbortController().signal
const demand = (name: string, subscription?: string, handler?: string): Demand => ({
  function: name,
  subscription,
  handler,
  begins: true,
})
const noRates = { ready: () => true, spend: () => undefined }

function permitsOf(limits: Partial<PermitLimits> = {}) {
  const unlimited = () => Number.POSITIVE_INFINITY
  return createPermits({
    total: 1_000_000,
    ofFunction: unlimited,
    ofSubscription: unlimited,
    ofHandler: unlimited,
    rates: noRates,
    ...limits,
  })
}

function taken(permit: Permit | undefined): Permit {
  if (permit === undefined) throw new Error('there was no permit')
  return permit
}

/** Waits for permits under names, and tells who got one, in order. */
function queueOf(permits: ReturnType<typeof createPermits>) {
  const granted: string[] = []
  const held: Permit[] = []
  return {
    granted,
    held,
    wait(
      name: string,
      whose: Demand,
      priority: 'resume' | 'start' = 'start',
      signal: AbortSignal = forever,
    ): void {
      permits.take(whose, priority, signal).then(
        (one) => {
          granted.push(name)
          held.push(one)
        },
        () => undefined,
      )
    },
  }
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('permits', () => {
  it('count per function, per subscription and in total, and a release counts once', () => {
    const permits = permitsOf({ total: 3, ofFunction: () => 2, ofSubscription: () => 1 })
    const first = taken(permits.tryTake(demand('f', 's')))
    expect(permits.tryTake(demand('f', 's'))).toBeUndefined()
    taken(permits.tryTake(demand('f')))
    expect(permits.tryTake(demand('f'))).toBeUndefined()
    taken(permits.tryTake(demand('g')))
    expect(permits.tryTake(demand('g'))).toBeUndefined()
    first.release()
    first.release()
    expect(permits.running).toBe(2)
    taken(permits.tryTake(demand('f', 's')))
    expect(permits.tryTake(demand('g'))).toBeUndefined()
  })

  it('go first to what was begun, then to what came first', async () => {
    const permits = permitsOf({ ofFunction: () => 1 })
    const running = taken(permits.tryTake(demand('f')))
    const queue = queueOf(permits)
    queue.wait('start 1', demand('f'))
    queue.wait('resume 1', demand('f', 's'), 'resume')
    queue.wait('start 2', demand('f', 's'))
    queue.wait('resume 2', demand('f'), 'resume')
    running.release()
    for (let n = 0; n < 4; n++) {
      await settled()
      queue.held.at(-1)?.release()
    }
    expect(queue.granted).toEqual(['resume 1', 'resume 2', 'start 1', 'start 2'])
    expect([permits.running, permits.waiting]).toEqual([0, 0])
  })

  it('go to the functions in turn', async () => {
    const permits = permitsOf({ total: 1 })
    const running = taken(permits.tryTake(demand('f')))
    const queue = queueOf(permits)
    for (const name of ['f', 'f', 'f', 'g', 'h', 'h']) queue.wait(name, demand(name))
    running.release()
    for (let n = 0; n < 6; n++) {
      await settled()
      queue.held.at(-1)?.release()
    }
    expect(queue.granted).toEqual(['f', 'g', 'h', 'f', 'h', 'f'])
  })

  it('are there at once for others while a subscription waits at its limit', async () => {
    const permits = permitsOf({ ofSubscription: () => 1 })
    taken(permits.tryTake(demand('f', 's')))
    const queue = queueOf(permits)
    queue.wait('of s', demand('f', 's'))
    taken(permits.tryTake(demand('f')))
    taken(permits.tryTake(demand('f', 'another')))
    await settled()
    expect(queue.granted).toEqual([])
  })

  it('go to who waits, not to who comes, when a limit has risen', async () => {
    let limit = 1
    const permits = permitsOf({ ofFunction: () => limit })
    taken(permits.tryTake(demand('f')))
    const queue = queueOf(permits)
    queue.wait('waits', demand('f'))
    limit = 2
    expect(permits.tryTake(demand('f'))).toBeUndefined()
    await settled()
    expect(queue.granted).toEqual(['waits'])
  })

  it('pass over who no longer waits', async () => {
    const permits = permitsOf({ ofFunction: () => 1 })
    const running = taken(permits.tryTake(demand('f')))
    const queue = queueOf(permits)
    const leaving = new AbortController()
    const left = permits.take(demand('f'), 'start', leaving.signal)
    queue.wait('stayed', demand('f'))
    leaving.abort(new Error('enough'))
    await expect(left).rejects.toThrow('enough')
    await expect(permits.take(demand('f'), 'start', leaving.signal)).rejects.toThrow('enough')
    expect(permits.waiting).toBe(1)
    running.release()
    await settled()
    expect(queue.granted).toEqual(['stayed'])
    expect(permits.runningOf('f')).toBe(1)
  })

  it('are granted to nobody once closed', async () => {
    const permits = permitsOf({ ofFunction: () => 1 })
    const running = taken(permits.tryTake(demand('f')))
    const queue = queueOf(permits)
    queue.wait('waits', demand('f'))
    permits.close()
    running.release()
    await settled()
    expect(queue.granted).toEqual([])
    expect(permits.tryTake(demand('g'))).toBeUndefined()
  })

  it('listen once to a signal, however many wait on it, and no longer than one does', async () => {
    const permits = permitsOf({ ofFunction: () => 1 })
    const running = taken(permits.tryTake(demand('f')))
    const { signal } = new AbortController()
    let listening = 0
    let most = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      most = Math.max(most, ++listening)
      add(...args)
    }
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listening--
      remove(...args)
    }
    const queue = queueOf(permits)
    for (let n = 0; n < 100; n++) queue.wait(String(n), demand('f'), 'resume', signal)
    running.release()
    for (let n = 0; n < 100; n++) {
      await settled()
      queue.held.at(-1)?.release()
    }
    expect([queue.granted.length, most, listening]).toEqual([100, 1, 0])
  })

  it('cost the same for each, however many wait', async () => {
    const many = 2_000
    let asked = 0
    const limits = {
      total: many,
      ofFunction: () => {
        asked++
        return 1
      },
      ofSubscription: () => {
        asked++
        return 1
      },
    }
    const permits = permitsOf(limits)
    const running = taken(permits.tryTake(demand('f', 's')))
    const queue = queueOf(permits)
    for (let n = 0; n < many; n++) queue.wait(String(n), demand('f', 's'))
    running.release()
    for (let n = 0; n < many; n++) {
      await settled()
      queue.held.at(-1)?.release()
    }
    expect(queue.granted).toHaveLength(many)
    expect(queue.granted.map(Number)).toEqual(Array.from({ length: many }, (_, n) => n))
    expect(asked).toBeLessThan(15 * many)
  })

  it('are there at once for other handlers while one waits at its limit', async () => {
    const permits = permitsOf({ ofHandler: (name) => (name === 's/slow' ? 1 : 10) })
    const running = taken(permits.tryTake(demand('f', undefined, 's/slow')))
    const queue = queueOf(permits)
    queue.wait('slow', demand('f', undefined, 's/slow'))
    queue.wait('quick', demand('f', undefined, 's/quick'))
    taken(permits.tryTake(demand('f', undefined, 's/quick')))
    await settled()
    expect(queue.granted).toEqual(['quick'])
    running.release()
    await settled()
    expect(queue.granted).toEqual(['quick', 'slow'])
  })

  it('cost a token of the handler each, where they are for a first attempt', async () => {
    let tokens = 1
    const rates = { ready: () => tokens >= 1, spend: () => void tokens-- }
    const permits = permitsOf({ rates })
    const first = demand('f', undefined, 's/h')
    taken(permits.tryTake({ ...first, begins: false }))
    expect(tokens).toBe(1)
    taken(permits.tryTake(first))
    expect(permits.tryTake(first)).toBeUndefined()
    taken(permits.tryTake({ ...first, begins: false }))
    const queue = queueOf(permits)
    queue.wait('later', first)
    tokens = 1
    permits.recheck()
    await settled()
    expect([queue.granted, tokens]).toEqual([['later'], 0])
  })
})
