import type { Rates } from './rates.ts'
import { type Waiting, WaitingLines } from './waiting-lines.ts'

/** Whom a running attempt counts against. */
export type Demand = {
  /** The function, whatever its version: what Lambda throttles. */
  readonly function: string
  readonly subscription: string | undefined
  /** `<service>/<handler>`: it may have limits of its own. */
  readonly handler: string | undefined
  /** It is the first attempt of an invocation, and so counts against the handler's rate. */
  readonly begins: boolean
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
  /** How many attempts of the handler may run at once, on this replica. */
  ofHandler(name: string): number
  readonly rates: Rates
}

/**
 * Leave to run attempts: per function, per subscription, per handler and in total. A permit is taken before an `attempt`
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

type Waiter = Waiting & {
  readonly demand: Demand
  readonly grant: (permit: Permit) => void
  readonly refuse: (reason: unknown) => void
}

type Group = { readonly waiters: Set<Waiter>; readonly refuse: () => void }

export function createPermits(limits: PermitLimits): Permits {
  return new PermitTable(limits)
}

class PermitTable implements Permits {
  readonly #limits: PermitLimits
  readonly #perFunction = new Map<string, number>()
  readonly #perSubscription = new Map<string, number>()
  readonly #perHandler = new Map<string, number>()
  /** Waiters by function, in the order in which functions are served next. */
  readonly #queues = new Map<string, WaitingLines<Waiter>>()
  /** Those who wait until a signal aborts. One listener for all: a signal's listeners are a list that is searched. */
  readonly #bySignal = new Map<AbortSignal, Group>()
  #closed = false
  running = 0
  waiting = 0

  constructor(limits: PermitLimits) {
    this.#limits = limits
  }

  tryTake(demand: Demand): Permit | undefined {
    if (this.#queues.has(demand.function)) this.recheck()
    return this.#fits(demand) ? this.#grant(demand) : undefined
  }

  take(demand: Demand, priority: 'resume' | 'start', signal: AbortSignal): Promise<Permit> {
    if (signal.aborted) return Promise.reject(signal.reason)
    const now = this.tryTake(demand)
    if (now !== undefined) return Promise.resolve(now)
    return new Promise((resolve, reject) => {
      // Each subscription and handler has a line of its own: at its limit, it holds up no other.
      const waiter: Waiter = {
        line: `${priority} ${demand.subscription ?? ''} ${demand.handler ?? ''}`,
        rank: priority === 'resume' ? 0 : 1,
        left: false,
        demand,
        grant: (permit) => {
          this.#leave(waiter, signal)
          resolve(permit)
        },
        refuse: reject,
      }
      this.#join(waiter, signal)
    })
  }

  recheck(): void {
    let granted = true
    while (granted && this.running < this.#limits.total) {
      granted = false
      for (const name of [...this.#queues.keys()]) {
        if (this.#serve(name)) granted = true
      }
    }
  }

  close(): void {
    this.#closed = true
  }

  runningOf(name: string): number {
    return count(this.#perFunction, name)
  }

  /** Lets one who waits for the function go on, if that is possible; the other functions go before its next. */
  #serve(name: string): boolean {
    const queue = this.#queues.get(name)
    if (queue === undefined || this.#isFull(name)) return false
    const waiter = queue.next(({ demand }) => this.#fits(demand))
    if (waiter === undefined && !queue.isEmpty) return false
    this.#queues.delete(name)
    if (!queue.isEmpty) this.#queues.set(name, queue)
    waiter?.grant(this.#grant(waiter.demand))
    return waiter !== undefined
  }

  #isFull(name: string): boolean {
    if (this.#closed || this.running >= this.#limits.total) return true
    return count(this.#perFunction, name) >= this.#limits.ofFunction(name)
  }

  #fits({ function: name, subscription, handler, begins }: Demand): boolean {
    if (this.#isFull(name)) return false
    const limits = this.#limits
    return (
      hasRoom(this.#perSubscription, subscription, (one) => limits.ofSubscription(one)) &&
      hasRoom(this.#perHandler, handler, (one) => limits.ofHandler(one)) &&
      (!begins || handler === undefined || limits.rates.ready(handler))
    )
  }

  #grant(demand: Demand): Permit {
    this.#add(demand, 1)
    if (demand.begins && demand.handler !== undefined) this.#limits.rates.spend(demand.handler)
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

  #add({ function: name, subscription, handler }: Demand, by: 1 | -1): void {
    this.running += by
    bump(this.#perFunction, name, by)
    if (subscription !== undefined) bump(this.#perSubscription, subscription, by)
    if (handler !== undefined) bump(this.#perHandler, handler, by)
  }

  #join(waiter: Waiter, signal: AbortSignal): void {
    const name = waiter.demand.function
    const queue = this.#queues.get(name) ?? new WaitingLines<Waiter>()
    this.#queues.set(name, queue)
    queue.join(waiter)
    this.waiting += 1
    this.#groupOf(signal).waiters.add(waiter)
  }

  #leave(waiter: Waiter, signal: AbortSignal): void {
    waiter.left = true
    this.waiting -= 1
    const group = this.#bySignal.get(signal)
    group?.waiters.delete(waiter)
    if (group?.waiters.size !== 0) return
    this.#bySignal.delete(signal)
    signal.removeEventListener('abort', group.refuse)
  }

  #groupOf(signal: AbortSignal): Group {
    const known = this.#bySignal.get(signal)
    if (known !== undefined) return known
    const waiters = new Set<Waiter>()
    const refuse = () => {
      for (const waiter of waiters) {
        this.#leave(waiter, signal)
        waiter.refuse(signal.reason)
      }
    }
    const group = { waiters, refuse }
    this.#bySignal.set(signal, group)
    signal.addEventListener('abort', refuse, { once: true })
    return group
  }
}

function hasRoom(
  counts: ReadonlyMap<string, number>,
  name: string | undefined,
  limitOf: (name: string) => number,
): boolean {
  return name === undefined || count(counts, name) < limitOf(name)
}

function count(counts: ReadonlyMap<string, number>, name: string): number {
  return counts.get(name) ?? 0
}

function bump(counts: Map<string, number>, name: string, by: number): void {
  const next = count(counts, name) + by
  if (next === 0) counts.delete(name)
  else counts.set(name, next)
}
