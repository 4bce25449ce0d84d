import type { Clock, Random } from '@fermata/orchestrator/ports'

/** Time that passes only when a test says so. Its own `Clock` face is a process that never fails. */
export interface VirtualClock extends Clock {
  /** Lets `ms` pass: runs the timers that come due, in order, and lets all other work settle in between. */
  advance(ms: number): Promise<void>
  /** Lets work that waits for no timer settle. */
  settle(): Promise<void>
  /** There is no more time: no timer fires any more, and no signal knows of who waits for it. */
  end(): void
  /** Resolves after a turn of the event loop: everything else that waits for no timer goes first. */
  turn(): Promise<void>
  /** Another process that lives in the same time, with a wall clock of its own. */
  process(options?: { readonly wallOffsetMs?: number }): VirtualProcess
}

/** One process of the simulated world: it can stand still, and it can die. */
export interface VirtualProcess {
  readonly clock: Clock
  /** Like SIGSTOP: no timer fires and no answer arrives until `resume`. */
  pause(): void
  resume(): void
  /** Like SIGKILL: nothing it started goes on. What is already on its way to a port still arrives there. */
  kill(): void
  /** Its wall clock is put right, or wrong. */
  setWallOffset(ms: number): void
  /** The port as this process sees it: its answers wait while it stands still, and vanish when it is dead. */
  guard<Port extends object>(port: Port): Port
}

export type VirtualClockOptions = {
  /** Epoch ms at the start. */
  readonly startMs?: number
  /** How many turns of the event loop other work gets between two timers. */
  readonly turns?: number
  /**
   * Nobody waits for the real event loop, only for `turn()`: then turns are played without it, and none if nobody
   * waits for one. Many times faster.
   */
  readonly ownTurns?: boolean
}

/** @example `const clock = createVirtualClock(); clock.timer(10, fire); await clock.advance(10)` */
export function createVirtualClock(options: VirtualClockOptions = {}): VirtualClock {
  const turns = options.turns ?? 4
  const loop = options.ownTurns === true ? new OwnTurns(turns) : new RealTurns(turns)
  return new SimulatedTime(options.startMs ?? 1_700_000_000_000, loop)
}

/** Reproducible randomness (mulberry32). Two of different seeds never share a nonce. */
export function createSeededRandom(seed: number): Random {
  let state = seed >>> 0
  let nonces = 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    next,
    bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256)),
    nonce: () => `${seed.toString(36)}x${(nonces++).toString(36)}`,
  }
}

interface Turns {
  settle(): Promise<void>
  turn(): Promise<void>
}

class RealTurns implements Turns {
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < this.#most; turn++) await this.turn()
  }

  turn(): Promise<void> {
    return new Promise<void>((resolve) => setImmediate(resolve))
  }
}

class OwnTurns implements Turns {
  readonly #most: number
  #waiting: (() => void)[] = []

  constructor(most: number) {
    this.#most = most
  }

  async settle(): Promise<void> {
    await drained()
    for (let turn = 0; turn < this.#most && this.#waiting.length > 0; turn++) {
      for (const go of this.#waiting.splice(0)) {
        go()
        await drained()
      }
    }
  }

  turn(): Promise<void> {
    return new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
}

/** When no promise is left that could go on: ticks come after the last of them. */
function drained(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve))
}

type Timer = {
  readonly at: number
  readonly owner: SimulatedProcess
  readonly fn: () => void
  /** It will never fire. */
  readonly dropped: (() => void) | undefined
}

class SimulatedTime implements VirtualClock {
  readonly #startMs: number
  readonly #turns: Turns
  readonly #main: SimulatedProcess
  #elapsed = 0
  #timers: Timer[] = []

  constructor(startMs: number, turns: Turns) {
    this.#startMs = startMs
    this.#turns = turns
    this.#main = new SimulatedProcess(this, 0)
  }

  now(): number {
    return this.#startMs + this.#elapsed
  }

  monotonic(): number {
    return this.#elapsed
  }

  timer(ms: number, fn: () => void): () => void {
    return this.#main.clock.timer(ms, fn)
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#main.clock.sleep(ms, signal)
  }

  process(options: { readonly wallOffsetMs?: number } = {}): VirtualProcess {
    return new SimulatedProcess(this, options.wallOffsetMs ?? 0)
  }

  async advance(ms: number): Promise<void> {
    const until = this.#elapsed + ms
    await this.settle()
    for (let timer = this.#take(until); timer !== undefined; timer = this.#take(until)) {
      this.#elapsed = Math.max(this.#elapsed, timer.at)
      timer.fn()
      await this.settle()
    }
    this.#elapsed = until
  }

  settle(): Promise<void> {
    return this.#turns.settle()
  }

  turn(): Promise<void> {
    return this.#turns.turn()
  }

  schedule(timer: Timer): () => void {
    let low = 0
    let high = this.#timers.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#timers[middle] as Timer).at <= timer.at) low = middle + 1
      else high = middle
    }
    this.#timers.splice(low, 0, timer)
    return () => {
      const index = this.#timers.indexOf(timer)
      if (index >= 0) this.#timers.splice(index, 1)
    }
  }

  end(): void {
    for (const { dropped } of this.#timers.splice(0)) dropped?.()
  }

  forget(owner: SimulatedProcess): void {
    for (const timer of this.#timers) if (timer.owner === owner) timer.dropped?.()
    this.#timers = this.#timers.filter((timer) => timer.owner !== owner)
  }

  #take(until: number): Timer | undefined {
    const index = this.#timers.findIndex((timer) => !timer.owner.paused)
    const timer = this.#timers[index]
    if (timer === undefined || timer.at > until) return undefined
    this.#timers.splice(index, 1)
    return timer
  }
}

class SimulatedProcess implements VirtualProcess {
  readonly clock: Clock
  readonly #time: SimulatedTime
  #dead = false
  #wallOffsetMs: number
  #resumed: PromiseWithResolvers<void> | undefined

  constructor(time: SimulatedTime, wallOffsetMs: number) {
    this.#time = time
    this.#wallOffsetMs = wallOffsetMs
    this.clock = {
      now: () => time.now() + this.#wallOffsetMs,
      monotonic: () => time.monotonic(),
      timer: (ms, fn) => this.#timer(ms, fn),
      sleep: (ms, signal) => this.#sleep(ms, signal),
    }
  }

  get paused(): boolean {
    return this.#resumed !== undefined
  }

  pause(): void {
    this.#resumed ??= Promise.withResolvers<void>()
  }

  resume(): void {
    this.#resumed?.resolve()
    this.#resumed = undefined
  }

  kill(): void {
    this.#dead = true
    this.#time.forget(this)
  }

  setWallOffset(ms: number): void {
    this.#wallOffsetMs = ms
  }

  guard<Port extends object>(port: Port): Port {
    return new Proxy(port, {
      get: (target, name, receiver) => {
        const member: unknown = Reflect.get(target, name, receiver)
        if (typeof member !== 'function') return member
        return (...args: unknown[]) => this.#call(() => Reflect.apply(member, target, args))
      },
    })
  }

  async #call(work: () => unknown): Promise<unknown> {
    await this.#alive()
    try {
      return await work()
    } finally {
      await this.#alive()
    }
  }

  async #alive(): Promise<void> {
    while (this.#resumed !== undefined && !this.#dead) await this.#resumed.promise
    // A promise of its own: whoever waits goes with it, and is not kept for as long as the program runs.
    if (this.#dead) await new Promise<never>(() => undefined)
  }

  #timer(ms: number, fn: () => void, dropped?: () => void): () => void {
    if (this.#dead) return () => undefined
    // Whole ms, as on any platform: a fraction could be too small to let time pass at all.
    const at = this.#time.monotonic() + Math.max(0, Math.ceil(ms))
    return this.#time.schedule({ at, owner: this, fn, dropped })
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      // Of the dead no signal is to know.
      if (this.#dead) return
      const forget = () => signal?.removeEventListener('abort', wake)
      const awake = (): void => {
        forget()
        resolve()
      }
      // A signal that a listener waits for is kept, and with it whatever the listener knows.
      const cancel = this.#timer(ms, awake, forget)
      const wake = (): void => {
        cancel()
        resolve()
      }
      signal?.addEventListener('abort', wake, { once: true })
    })
  }
}
