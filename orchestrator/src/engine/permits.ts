/** Whom a running attempt counts against. */
export type Demand = {
  /** The function, whatever its version: what Lambda throttles. */
  readonly function: string
  readonly subscription: string | undefined
}

export interface Permit {
  readonly demand: Demand
  release(): void
}

export type PermitLimits = {
  readonly total: number
  /** The ceiling of what runs at once per function, on this replica. */
  ofFunction(name: string): number
  ofSubscription(name: string): number
}

/**
 * Leave to run attempts: per function, per subscription and in total. A permit is taken before an `attempt`
 * is written, so that none ever waits in a queue. Functions are served in turn (INV-11); within one, work that was
 * begun goes before new work, and both in the order in which they came.
 */
export interface Permits {
  tryTake(demand: Demand): Permit | undefined
  /** Waits for one. Rejects with the signal's reason. */
  take(demand: Demand, priority: 'resume' | 'start', signal: AbortSignal): Promise<Permit>
  /** A limit rose, or time passed: see who may go on. */
  recheck(): void
  /** Grants nothing from now on: who waits goes on waiting. */
  close(): void
  runningOf(name: string): number
  readonly running: number
  readonly waiting: number
}

type Waiter = {
  readonly demand: Demand
  readonly priority: 'resume' | 'start'
  readonly grant: (permit: Permit) => void
}

export function createPermits(limits: PermitLimits): Permits {
  return new PermitTable(limits)
}

class PermitTable implements Permits {
  readonly #limits: PermitLimits
  readonly #perFunction = new Map<string, number>()
  readonly #perSubscription = new Map<string, number>()
  /** Waiters by function, in the order in which functions are served next. */
  readonly #queues = new Map<string, Waiter[]>()
  #closed = false
  running = 0
  waiting = 0

  constructor(limits: PermitLimits) {
    this.#limits = limits
  }

  tryTake(demand: Demand): Permit | undefined {
    const queued = this.#queues.get(demand.function)
    if (queued !== undefined && queued.length > 0) return undefined
    return this.#fits(demand) ? this.#grant(demand) : undefined
  }

  take(demand: Demand, priority: 'resume' | 'start', signal: AbortSignal): Promise<Permit> {
    if (signal.aborted) return Promise.reject(signal.reason)
    const now = this.tryTake(demand)
    if (now !== undefined) return Promise.resolve(now)
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#leave(waiter)
        reject(signal.reason)
      }
      const waiter: Waiter = {
        demand,
        priority,
        grant: (permit) => {
          signal.removeEventListener('abort', abort)
          resolve(permit)
        },
      }
      signal.addEventListener('abort', abort, { once: true })
      this.#join(waiter)
      this.recheck()
    })
  }

  recheck(): void {
    let granted = true
    while (granted && this.running < this.#limits.total) {
      granted = false
      for (const [name, queue] of [...this.#queues]) {
        const index = queue.findIndex((waiter) => this.#fits(waiter.demand))
        const waiter = queue[index]
        if (waiter === undefined) continue
        this.#leave(waiter)
        this.#toTheEnd(name)
        waiter.grant(this.#grant(waiter.demand))
        granted = true
      }
    }
  }

  close(): void {
    this.#closed = true
  }

  runningOf(name: string): number {
    return count(this.#perFunction, name)
  }

  #fits({ function: name, subscription }: Demand): boolean {
    if (this.#closed) return false
    if (this.running >= this.#limits.total) return false
    if (count(this.#perFunction, name) >= this.#limits.ofFunction(name)) return false
    if (subscription === undefined) return true
    return count(this.#perSubscription, subscription) < this.#limits.ofSubscription(subscription)
  }

  #grant(demand: Demand): Permit {
    this.#add(demand, 1)
    let held = true
    return {
      demand,
      release: () => {
        if (!held) return
        held = false
        this.#add(demand, -1)
        this.recheck()
      },
    }
  }

  #add({ function: name, subscription }: Demand, by: 1 | -1): void {
    this.running += by
    bump(this.#perFunction, name, by)
    if (subscription !== undefined) bump(this.#perSubscription, subscription, by)
  }

  #join(waiter: Waiter): void {
    const queue = this.#queues.get(waiter.demand.function) ?? []
    this.#queues.set(waiter.demand.function, queue)
    const firstStart = queue.findIndex((other) => other.priority === 'start')
    const place = waiter.priority === 'resume' && firstStart >= 0 ? firstStart : queue.length
    queue.splice(place, 0, waiter)
    this.waiting += 1
  }

  #leave(waiter: Waiter): void {
    const queue = this.#queues.get(waiter.demand.function)
    const index = queue?.indexOf(waiter) ?? -1
    if (queue === undefined || index < 0) return
    queue.splice(index, 1)
    this.waiting -= 1
    if (queue.length === 0) this.#queues.delete(waiter.demand.function)
  }

  #toTheEnd(name: string): void {
    const queue = this.#queues.get(name)
    if (queue === undefined) return
    this.#queues.delete(name)
    this.#queues.set(name, queue)
  }
}

function count(counts: ReadonlyMap<string, number>, name: string): number {
  return counts.get(name) ?? 0
}

function bump(counts: Map<string, number>, name: string, by: number): void {
  const next = count(counts, name) + by
  if (next === 0) counts.delete(name)
  else counts.set(name, next)
}
